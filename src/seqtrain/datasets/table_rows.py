"""Rows of a table, and what their cells say: numbers, labels, names."""

import re
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqtrain.datasets.series import LARGEST, plain_label
from seqtrain.errors import WrongInput
from seqtrain.labels import SEPARATOR, separated

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MISSING = ("", "nan", "na", "n/a", "null", "none", "?")  # in any case
_LONGEST_LABEL = 100  # characters


@dataclass(frozen=True)
class Rows:
    """Some rows of a table."""

    cells: pl.DataFrame  # text, or as a Parquet file has it; null where a cell is empty
    numbers: Ints  # (R,) what messages call the rows
    name: str  # of the file
    unit: Literal["line", "row"]
    wrong: dict[int, WrongInput]  # lines that are no rows of this table

    def __len__(self) -> int:
        return len(self.numbers)

    def place(self, row: int) -> str:
        return f"{self.name}, {self.unit} {self.numbers[row]}"

    def said(self, columns: list[str]) -> "Rows":
        """The same rows with some of the columns."""
        return replace(self, cells=self.cells.select(columns))

    def some(self, start: int, end: int) -> "Rows":
        return Rows(self.cells[start:end], self.numbers[start:end], self.name, self.unit, {})


def numbers(rows: Rows, columns: list[str], *, else_: str = "") -> tuple[Floats, Bools]:
    """The values of some columns, (R, K) with NaN where one is missing; and which cells are empty, (R, K).

    Args:
        rows: of a table.
        columns: names.
        else_: what a column of words might be, in a training that may learn from others instead.

    Raises WrongInput, naming file, row and column, where a cell is no number, infinite or beyond 1e15.
    """
    kinds = {name: rows.cells.schema[name] for name in columns}
    for name, kind in kinds.items():
        if not (kind.is_numeric() or kind in (pl.String, pl.Categorical, pl.Boolean, pl.Null)):
            raise WrongInput(f"{rows.name}: the column {name!r} holds {kind}, no numbers: leave it out")
    words = {name: pl.col(name).cast(pl.String).str.strip_chars() for name in columns if _is_text(kinds[name])}
    values = _array(rows, [words.get(name, pl.col(name)).cast(pl.Float64, strict=False) for name in columns])
    empty = _array(rows, [_is_missing(words[n], ("",)) if n in words else pl.col(n).is_null() for n in columns])
    known = ~np.isnan(values)
    if words:
        said = ~_array(rows, [_is_missing(words[n], MISSING) if n in words else pl.lit(True) for n in columns])
        known |= said
    wrong = known & ~(np.abs(values) <= LARGEST)  # NaN is what no number became
    if wrong.any():
        row, column = (int(each) for each in np.argwhere(wrong)[0])
        place, found = f"{rows.place(row)}, column {columns[column]!r}", _short(str(rows.cells[columns[column]][row]))
        if not np.isnan(values[row, column]):
            raise WrongInput(f"{place} is {found}, beyond {LARGEST:.0e}: leave the cell empty if it is missing")
        told = f"{place} is {found}, no number: leave the cell empty if it is missing"
        if else_:
            good = [name for name, bad in zip(columns, wrong.any(0), strict=True) if not bad]
            named = ",".join([*good[:6], *["…"] * (len(good) > 6)])
            told += f", or learn from columns of numbers alone: data.features=[{named}]. {else_}"
        raise WrongInput(told)
    return values, empty


def refuse_gaps(values: Floats, rows: Rows, columns: list[str]) -> None:
    """WrongInput naming the first missing one of (R, K) values."""
    if (gaps := np.isnan(values)).any():
        row, column = (int(each) for each in np.argwhere(gaps)[0])
        raise WrongInput(
            f"{rows.place(row)}, column {columns[column]!r} has no value ({int(gaps.sum())} missing here): "
            "mend it, or train with data.missing=interpolate or data.missing=indicator"
        )


def words(rows: Rows, column: str) -> pl.Series:
    """(R,) what a column says, a whole number such as 1.0 as 1; null where the cell is empty.

    Raises WrongInput, naming file, row and column, where it is too long for a label or a name.
    """
    said = _text(rows, column)
    plain: dict[str, str | None] = {}
    for each in said.drop_nulls().unique():
        if len(each) > _LONGEST_LABEL or not each.isprintable():
            raise WrongInput(f"{rows.place(_first(said == each))}, column {column!r} is {_short(each)}: no label")
        plain[each] = plain_label(each) if each else None
    changed = {old: new for old, new in plain.items() if old != new}
    return said.replace(list(changed), list(changed.values())) if changed else said


def label_lists(rows: Rows, column: str) -> pl.Series:
    """(R,) the labels that a column has with `;` between them, each as `words` has it; "" where a cell is empty.

    Raises WrongInput, naming file, row and column, where one is too long for a label.
    """
    said = _text(rows, column).fill_null("")
    plain: dict[str, str] = {}
    for each in said.unique():
        labels = separated(each)
        if wrong := [label for label in labels if len(label) > _LONGEST_LABEL or not label.isprintable()]:
            raise WrongInput(f"{rows.place(_first(said == each))}, column {column!r} has {_short(wrong[0])}: no label")
        plain[each] = SEPARATOR.join(map(plain_label, labels))
    return said.replace(list(plain), list(plain.values()))


def named(rows: Rows, column: str) -> pl.Series:
    """The same where no cell may be empty."""
    said = words(rows, column)
    if said.null_count():
        raise WrongInput(f"{rows.place(_first(said.is_null()))}, column {column!r} is empty: fill it in")
    return said


def _text(rows: Rows, column: str) -> pl.Series:
    """(R,) what is in a column, without white space around it; null where nothing is."""
    cells = rows.cells[column]
    cells = cells.fill_nan(None) if cells.dtype.is_float() else cells
    return cells.cast(pl.String).str.strip_chars()


def targets(rows: Rows, columns: list[str]) -> Floats:
    """The values of some columns (R, D), none of which may be missing."""
    values, _ = numbers(rows, columns)
    if (gaps := np.isnan(values)).any():
        row, column = (int(each) for each in np.argwhere(gaps)[0])
        raise WrongInput(f"{rows.place(row)}, column {columns[column]!r} has no value to predict: take the row out")
    return values


def times(rows: Rows, name: str) -> Floats | Ints:
    """(R,) when each row was: numbers as they are, dates as microseconds.

    Raises WrongInput, naming file, row and column, where a cell is neither.
    """
    column = rows.cells[name]
    if column.dtype.is_temporal():
        moments = column.cast(pl.Datetime("us") if column.dtype == pl.Date else column.dtype).cast(pl.Int64)
    elif column.dtype.is_numeric():
        moments = column
    else:
        moments = _moments(column.cast(pl.String).str.strip_chars())
    wrong = moments.is_null() | ~moments.cast(pl.Float64).is_finite()
    if wrong.any():
        row = _first(wrong)
        raise WrongInput(
            f"{rows.place(row)}, column {name!r} is {_short(str(column[row]))}, neither a number nor a date "
            "written as 2016-07-01 or 2016-07-01 13:00:00 throughout"
        )
    found: Floats | Ints = moments.to_numpy()
    return found


def _moments(said: pl.Series) -> pl.Series:
    """Numbers, or microseconds where the first is a date; null where neither."""
    dates = len(said) > 0 and re.match(r"\d{4}-\d\d-\d\d", said[0] or "")  # what 01/02/2020 is depends on the country
    if not dates:
        return said.cast(pl.Float64, strict=False)
    try:
        return said.str.to_datetime(time_unit="us", strict=False).cast(pl.Int64)
    except pl.exceptions.PolarsError:  # no form that it knows
        return pl.Series([None] * len(said), dtype=pl.Int64)


def _first(which: pl.Series) -> int:
    """Where the first true one is."""
    found = which.fill_null(False).arg_max()
    assert isinstance(found, int)
    return found


def _array(rows: Rows, columns: list[pl.Expr]) -> Any:
    """(R, K); also of no columns or no rows."""
    frame = rows.cells.select(each.alias(str(number)) for number, each in enumerate(columns))
    return frame.to_numpy().reshape(len(rows), len(columns))


def _is_missing(words: pl.Expr, marks: tuple[str, ...]) -> pl.Expr:
    return words.str.to_lowercase().is_in(marks).fill_null(True)


def _is_text(kind: pl.DataType) -> bool:
    return kind in (pl.String, pl.Categorical)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
