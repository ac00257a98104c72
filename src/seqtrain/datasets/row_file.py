"""A .tsv or .txt file of the UCR archive: a row is a label and the values of one series."""

from seqtrain.datasets.series import Line, Series, label_of, numbers, perhaps_cut, unended
from seqtrain.errors import WrongInput


class RowLines:
    """Reads rows of .tsv and .txt files: the label or target, then the values, with tabs or white space between.

    NaN at the end of a row fills up a shorter series, as in the UCR archive, and is taken off.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def read(self, line: Line) -> Series:
        """Raises WrongInput, naming file and line, where it is no such row, or may have been cut."""
        place = f"{self.name}, line {line.number}"
        label, *pieces = line.text.split("\t") if "\t" in line.text else line.text.split()
        if not pieces:
            raise WrongInput(
                f"{place} is {label[:40]!r}, with no values after a label{perhaps_cut(line)}: a row is a label and "
                "values, with tabs or spaces between"
            )
        if not line.ended:
            raise unended(place)
        values = numbers(pieces, place)  # (T,)
        known = (~values.isnan()).nonzero()
        if not len(known):
            raise WrongInput(f"{place} has missing values only: take it out")
        return Series(line.number, values[: int(known[-1]) + 1, None], label_of(label, line, place))
