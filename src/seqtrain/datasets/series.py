"""One series of a file of time series: its line, its values, its label."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
import torch
from torch import Tensor

from seqtrain.errors import WrongInput

LARGEST = 1e15  # the squares of larger values end the range of float32
_LONGEST_LABEL = 100  # characters
_FLOAT = re.compile(r"[+-]?\d+\.\d*([eE][+-]?\d+)?")


class Line(NamedTuple):
    """A line of a text file that is neither blank nor a comment."""

    number: int  # counted from 1
    text: str  # without white space around it
    ended: bool  # False for a last line without a line end, which may have been cut


class Series(NamedTuple):
    number: int  # the line it is on
    steps: Tensor  # (T, F) float32, NaN where a value is missing
    label: str | None  # as it is written; None where the file has no labels


def read_lines(source: Path | TextIO) -> Iterator[Line]:
    """The lines of a text file, whatever its line ends; bytes that are no UTF-8 become lone surrogates."""
    try:
        if not isinstance(source, Path):
            yield from _lines(source)
            return
        with source.open(encoding="utf-8-sig", errors="surrogateescape") as file:
            yield from _lines(file)
    except OSError as error:
        raise WrongInput(f"{source} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise WrongInput(f"the input is no UTF-8 text ({error.reason})") from None


def _lines(file: TextIO) -> Iterator[Line]:
    for number, line in enumerate(file, start=1):
        text = line.strip()
        if text and not text.startswith("#"):
            yield Line(number, text, line.endswith("\n"))


def unended(place: str) -> WrongInput:
    """What to say of a last line that may have been cut."""
    return WrongInput(
        f"{place}, the last one, has no line end, so that it may have been cut: fetch the file again, or, "
        "if the line is whole, end it with a line end"
    )


def perhaps_cut(line: Line) -> str:
    return "" if line.ended else " (the file ends here and may have been cut)"


def numbers(pieces: list[str], place: str) -> Tensor:
    """Values (T,) float32 from as many pieces of text; `?` and NaN are missing and become NaN.

    Raises WrongInput, naming the place, where a piece is no number, or is infinite or beyond 1e15.
    """
    try:
        values = np.array([float(piece) for piece in pieces])
    except ValueError:
        values = np.array([_number(piece, position, place) for position, piece in enumerate(pieces, start=1)])
    if (wrong := np.abs(values) > LARGEST).any():
        position = int(wrong.argmax())
        raise WrongInput(
            f"{place}: value {position + 1} is {_short(pieces[position])}, beyond {LARGEST:.0e}: "
            "write ? if it is missing, or scale the values"
        )
    joined = "".join(pieces)
    if "_" in joined or not joined.isascii():  # which Python's float takes
        for position, piece in enumerate(pieces, start=1):
            _number(piece, position, place)
    return torch.from_numpy(values.astype(np.float32))


def _number(piece: str, position: int, place: str) -> float:
    if piece.strip() == "?":
        return np.nan
    try:
        if "_" not in piece and piece.isascii():
            return float(piece)
    except ValueError:
        pass
    raise WrongInput(f"{place}: value {position} is {_short(piece)}, no number: write ? if it is missing")


def label_of(text: str, line: Line, place: str) -> str:
    """A label as it is written, a whole number such as 1.0000000e+00 as 1.

    Raises WrongInput, naming the place, where there is none, or it is no text.
    """
    label = text.strip()
    if not 0 < len(label) <= _LONGEST_LABEL or not label.isprintable():  # lone surrogates are not
        raise WrongInput(f"{place} has the label {_short(label)}{perhaps_cut(line)}: mend it, or fetch the file again")
    return plain_label(label)


def plain_label(label: str) -> str:
    if not _FLOAT.fullmatch(label):
        return label
    number = float(label)
    return str(int(number)) if number.is_integer() and abs(number) < LARGEST else label


def is_fraction(label: str) -> bool:
    """Whether a label, as `plain_label` gives it, is a number that is not whole."""
    return _FLOAT.fullmatch(label) is not None


def target_value(label: str | None, place: str) -> float:
    """A label that is a number to predict.

    Raises WrongInput, naming the place, where it is missing, no number, not finite or beyond 1e15.
    """
    if label is None:
        raise WrongInput(f"{place} has no target: a series to learn from ends in one")
    value = numbers([label], f"{place}, the target").item()
    if value != value:
        raise WrongInput(f"{place}: the target is {label}: take out what has none")
    return value


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
