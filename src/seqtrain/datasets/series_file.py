"""A file of time series of any form that is read, as a stream: what it declares, and its series one by one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple, TextIO

from seqtrain.datasets.row_file import RowLines
from seqtrain.datasets.series import Line, Series, read_lines
from seqtrain.datasets.ts_file import TsLines
from seqtrain.datasets.ts_header import Header, Kind, read_header
from seqtrain.errors import WrongInput

FORMS = (".ts", ".tsv", ".txt")
Target = Literal["auto", "class", "value"]


class SeriesFile(NamedTuple):
    name: str
    kind: Kind  # of what each series is labelled with
    header: Header
    series: Iterator[tuple[int, Series | WrongInput]]  # line, and its series or what is wrong with it


def open_series(source: Path | TextIO, target: Target, *, known_labels: bool = True) -> SeriesFile:
    """Opens a file by its ending; a stream is read as .ts.

    Args:
        target: what labels are; auto: as a .ts file's header says, else classes
        known_labels: whether a label that the header does not list is wrong

    Raises WrongInput where the file cannot be read, or its header cannot be right.
    """
    name = str(source) if isinstance(source, Path) else str(getattr(source, "name", "the input"))
    form = source.suffix.lower() if isinstance(source, Path) else ".ts"
    if form not in FORMS:
        raise WrongInput(f"{name} ends in none of {', '.join(FORMS)}: for CSV files set data=table")
    lines = read_lines(source)
    if form != ".ts":
        return SeriesFile(name, "class" if target == "auto" else target, Header(), _each(lines, RowLines(name)))
    header = read_header(lines, name)
    kind = target if target != "auto" and header.kind != "none" else header.kind
    if kind is None:
        raise WrongInput(
            f"{name} has neither @classLabel nor @targetLabel in its header: add one of them, as in "
            "'@classLabel true a b', '@targetLabel true', or '@classLabel false' where there are no labels"
        )
    reader = TsLines(header, name, labelled=kind != "none", known=known_labels)
    return SeriesFile(name, kind, header, _each(lines, reader))


def _each(lines: Iterator[Line], reader: TsLines | RowLines) -> Iterator[tuple[int, Series | WrongInput]]:
    for line in lines:
        try:
            yield line.number, reader.read(line)
        except WrongInput as error:
            yield line.number, error
