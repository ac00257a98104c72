"""A .ts file of the UCR and UEA archives, series by series.

A line is `v,v,…:v,v,…:label`: a dimension between colons, `?` for a missing value, the label or target last.
"""

import torch

from seqtrain.datasets.series import Line, Series, label_of, numbers, perhaps_cut, unended
from seqtrain.datasets.ts_header import Header
from seqtrain.errors import WrongInput

_REMEDY = "mend the line or the header, or fetch the file again"


class TsLines:
    """Reads lines below a header, each against the header and the first line.

    Args:
        header: what the file declares
        name: what messages call the file
        labelled: whether a label or target is last on a line
        known: whether a label has to be one that the header lists
    """

    def __init__(self, header: Header, name: str, *, labelled: bool, known: bool = True) -> None:
        self.header = header
        self.name = name
        self.labelled = labelled
        self.labels = set(header.labels) if header.labels is not None and labelled and known else None
        self.dimensions, self.dimensions_from = header.dimensions, "the header says"
        self.length, self.length_from = header.length, "@seriesLength is"

    def read(self, line: Line) -> Series:
        """Raises WrongInput, naming file and line, where it is not as announced, or may have been cut."""
        place = f"{self.name}, line {line.number}"
        pieces = line.text.split(":")
        last = pieces.pop() if self.labelled else None
        if self.dimensions is None and pieces:
            self.dimensions, self.dimensions_from = len(pieces), f"line {line.number} has"
        if len(pieces) != self.dimensions:
            raise WrongInput(
                f"{place} has {len(pieces)} dimensions{' before its label' if self.labelled else ''}, but "
                f"{self.dimensions_from} {self.dimensions or '1 or more'}{perhaps_cut(line)}: {_REMEDY}"
            )
        label = self._label(last, line, place) if last is not None else None
        if not line.ended and not self._whole(label):
            raise unended(place)
        values = [numbers(_values(piece, place, at), f"{place}, dimension {at}") for at, piece in enumerate(pieces, 1)]
        lengths = [len(each) for each in values]
        if len(set(lengths)) > 1:
            raise WrongInput(f"{place}: its dimensions have {lengths} values: {_REMEDY}")
        self._check_length(lengths[0], line, place)
        return Series(line.number, torch.stack(values, dim=1), label)  # (T, F)

    def _label(self, text: str, line: Line, place: str) -> str:
        label = label_of(text, line, place)
        if self.labels is not None and label not in self.labels:
            raise WrongInput(
                f"{place} has the label {label!r}, which @classLabel in line {self.header.labels_line} does not "
                f"list{perhaps_cut(line)}: {_REMEDY}"
            )
        return label

    def _check_length(self, length: int, line: Line, place: str) -> None:
        if self.length is None and self.header.equal:
            self.length, self.length_from = length, f"@equalLength is true and line {line.number} has"
        if self.length is None or length == self.length or (self.header.equal is False and length < self.length):
            return
        raise WrongInput(f"{place} has {length} steps, but {self.length_from} {self.length}: {_REMEDY}")

    def _whole(self, label: str | None) -> bool:
        """Whether a last line without a line end cannot have been cut: no listed label begins with its label."""
        listed = set(self.header.labels or ())
        return label in listed and not any(other != label and other.startswith(str(label)) for other in listed)


def _values(piece: str, place: str, dimension: int) -> list[str]:
    if not piece.strip():
        raise WrongInput(f"{place}: dimension {dimension} has no values: {_REMEDY}")
    return piece.split(",")
