"""Quick, Draw! ndjson files: one drawing a line, raw or simplified.

The format: https://github.com/googlecreativelab/quickdraw-dataset#the-raw-moderated-dataset
"""

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from seqtrain.datasets.strokes import LARGEST, Steps
from seqtrain.errors import WrongInput


class Line(NamedTuple):
    """One drawing as its line has it."""

    number: int  # counted from 1
    steps: Steps
    word: str | None
    key: str | None
    recognized: bool
    size: int  # bytes of the line


def read_lines(file: Path) -> Iterator[Line]:
    """The drawings of a file, read line by line. Blank lines are passed over.

    A stroke is [xs, ys] (simplified) or [xs, ys, ts] (raw; the times are not used).

    Raises:
        WrongInput: naming file and line, where a line is no drawing; or the file holds none.
    """
    empty = True
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    empty = False
                    yield _line(line, number, f"{file}, line {number}")
    except OSError as error:
        raise WrongInput(f"{file} cannot be read: {error.strerror or error}") from error
    if empty:
        raise WrongInput(f"{file} is empty: fetch it again or remove it")


def read_each(lines: Iterable[bytes], place: str) -> Iterator[tuple[int, Line | WrongInput]]:
    """The number of each line that is not blank, and its drawing or what is wrong with it; `place` names the file."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield number, _line(line, number, f"{place}, line {number}")
            except WrongInput as error:
                yield number, error


def _line(line: bytes, number: int, place: str) -> Line:
    try:
        record = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        cut = "" if line.endswith(b"\n") else " (the file ends here: it may have been cut)"
        raise WrongInput(f"{place} is not JSON{cut}: {error}; fetch the file again") from error
    if not isinstance(record, dict) or "drawing" not in record:
        found = f"the keys {', '.join(map(str, record))}" if isinstance(record, dict) else _short(record)
        raise WrongInput(f'{place} has {found}: a drawing is an object with the key "drawing"')
    word, key = record.get("word"), record.get("key_id")
    return Line(
        number,
        _steps(record["drawing"], place),
        word=word if isinstance(word, str) else None,
        key=str(key) if isinstance(key, str | int) else None,
        recognized=record.get("recognized", True) is not False,
        size=len(line),
    )


def _steps(drawing: Any, place: str) -> Steps:
    """The steps (T, 3) of [[xs, ys], …] or [[xs, ys, ts], …]."""
    if not isinstance(drawing, list) or not drawing:
        raise WrongInput(f"{place}: the drawing is {_short(drawing)}, but it must be a list of strokes")
    for number, stroke in enumerate(drawing, start=1):
        if not isinstance(stroke, list) or len(stroke) not in (2, 3):
            raise WrongInput(f"{place}: stroke {number} is {_short(stroke)}, not [xs, ys] or [xs, ys, ts]")
        if not all(isinstance(axis, list) for axis in stroke):
            raise WrongInput(f"{place}: stroke {number} is {_short(stroke)}, but xs and ys must be lists")
        counts = [len(axis) for axis in stroke]
        if len(set(counts)) > 1:
            raise WrongInput(f"{place}: the lists of stroke {number} differ in length: {counts}")
        if not counts[0]:
            raise WrongInput(f"{place}: stroke {number} has no points")
    axes = [list(chain.from_iterable(stroke[axis] for stroke in drawing)) for axis in (0, 1)]
    try:
        points = np.array(axes)  # (2, T)
    except ValueError:  # lists within the lists
        points = np.array(None)
    if points.ndim != 2 or points.dtype.kind not in "iuf":
        raise WrongInput(f"{place}: a coordinate is not a number")
    points = points.astype(np.float64)
    if not (np.abs(points) <= LARGEST).all():  # false for NaN too
        raise WrongInput(f"{place}: a coordinate is NaN, infinite or beyond {LARGEST:.0e}")
    steps = np.zeros((points.shape[1], 3), dtype=np.float32)
    steps[1:, :2] = np.diff(points).T
    steps[np.cumsum([len(stroke[0]) for stroke in drawing]) - 1, 2] = 1
    return steps


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "…"
