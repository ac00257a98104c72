"""A table of any form that is read: CSV and TSV as text, Parquet; its columns, chosen by name."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
import polars as pl

from seqtrain.datasets.parquet_trial import try_parquet
from seqtrain.datasets.table_rows import Rows
from seqtrain.datasets.table_text import read_text
from seqtrain.errors import WrongInput
from seqtrain.nearest import did_you_mean, listed

FORMS = (".csv", ".tsv", ".txt", ".parquet")
_LONGEST_NAME = 200  # characters
_AT_ONCE = 1 << 16  # rows of a Parquet file


class TableFile(NamedTuple):
    """A table that is read as a stream."""

    name: str
    columns: list[str]
    blocks: Iterator[Rows]

    def column(self, setting: str, name: str) -> str:
        """The name, where there is such a column. WrongInput: there is none; the message lists the real ones."""
        if name not in self.columns:
            numeric = all(_is_number(each) for each in self.columns)
            header = "; its first line has to name the columns" if numeric else ""
            raise WrongInput(
                f"{setting} is {name}, but {self.name} has no such column{did_you_mean(name, self.columns)} "
                f"(it has {listed(self.columns)}{header})"
            )
        return name

    def others(self, special: Iterable[str | None]) -> list[str]:
        """All columns but those, in the file's order. WrongInput: there are none."""
        left = [name for name in self.columns if name not in {*special}]
        if not left:
            raise WrongInput(f"{self.name} has the columns {listed(self.columns)}, and none is left to learn from")
        return left


def open_table(source: Path | TextIO) -> TableFile:
    """Opens a file by its ending; a stream is read as CSV.

    Raises WrongInput where it cannot be read, or has no rows to tell columns from.
    """
    if not isinstance(source, Path):
        return _opened(getattr(source, "name", "the input"), read_text(source, "the input"))
    if source.is_dir():
        raise WrongInput(f"{source} is a folder: name a file in it")
    if source.suffix.lower() not in FORMS:
        raise WrongInput(f"{source} ends in none of {', '.join(FORMS)}: a table is CSV, TSV or Parquet")
    read = _read_parquet(source) if source.suffix.lower() == ".parquet" else read_text(source, str(source))
    return _opened(str(source), read)


def whole(file: TableFile) -> Iterator[Rows]:
    """The blocks of a file that all have to be right: raises WrongInput for the first row that is not."""
    for rows in file.blocks:
        if rows.wrong:
            raise next(iter(rows.wrong.values()))
        yield rows


def _opened(name: str, blocks: Iterator[Rows]) -> TableFile:
    first = next(blocks)
    for number, column in enumerate(first.cells.columns, start=1):
        if len(column) > _LONGEST_NAME or not column.isprintable():
            raise WrongInput(f"{name}: column {number} is called {column[:40]!r}: name it in a few words, on one line")
    return TableFile(name, first.cells.columns, chain([first], blocks))


def _read_parquet(path: Path) -> Iterator[Rows]:
    try_parquet(path)
    try:
        table = pl.scan_parquet(path, glob=False)
        yield Rows(pl.DataFrame(schema=table.collect_schema()), np.zeros(0, dtype=np.int64), str(path), "row", {})
        expected = int(table.select(pl.len()).collect().item())
        read = 0
        for cells in table.collect_batches(chunk_size=_AT_ONCE, maintain_order=True, lazy=True):
            yield Rows(cells, np.arange(read + 1, read + 1 + cells.height), str(path), "row", {})
            read += cells.height
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise WrongInput(f"{path} cannot be read as Parquet ({reason}): it may be cut; fetch it again") from None
    if read != expected:
        raise WrongInput(f"{path} has {expected} rows, but {read} were read: fetch it again")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
