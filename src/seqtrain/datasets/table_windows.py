"""One long series cut into windows: some steps of context, and the values that come after them."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, TextIO

import numpy as np
import torch
from torch import Tensor

from seqtrain.datasets.folder_labels import Side
from seqtrain.datasets.table_file import TableFile, open_table, whole
from seqtrain.datasets.table_roles import Roles
from seqtrain.datasets.table_rows import Floats, Ints, Rows, numbers, refuse_gaps, times, words
from seqtrain.datasets.table_wide import joined
from seqtrain.errors import WrongInput
from seqtrain.items import Item

_log = logging.getLogger("seqtrain")


@dataclass(frozen=True)
class Cut:
    """How a series is cut; `Table` says what the settings mean."""

    context: int
    horizon: int
    stride: int
    points: Literal["all", "last"]
    forecast: Literal["value", "change"]
    carry_state: bool

    def ahead(self) -> list[int]:
        """How many rows after the context each value is that is predicted."""
        return [*range(1, self.horizon + 1)] if self.points == "all" else [self.horizon]

    def ends(self, start: int, end: int) -> Ints:
        """The first row after the context of each window whose horizon is rows start to end, and no others."""
        return np.arange(max(start, self.context), end - self.horizon + 1, self.stride)


class Series(NamedTuple):
    """A file as one series."""

    rows: Rows  # with what they say
    columns: list[str]
    inputs: Tensor  # (R, F) float32, NaN where missing
    targets: Tensor  # (R, D) float32

    def __str__(self) -> str:
        features = len(self.columns)
        return f"{self.rows.name}: read {len(self.rows):,} rows, {features} feature{'s' * (features != 1)}"


def read_series(path: Path, roles: Roles) -> Series:
    """Raises WrongInput, naming file, row and column, where anything in it is wrong, or a row is not after the last."""
    file = open_table(path)
    roles.check(file)
    columns = roles.learnt(file, target_too=True)
    inputs: list[Floats] = []
    targets: list[Floats] = []
    blocks: list[Rows] = []
    for rows in whole(file):
        for found, names in ((inputs, columns), (targets, roles.target)):
            cells, _ = numbers(rows, names, else_="data.time is when a row was" if names is columns else "")
            if roles.missing == "refuse":
                refuse_gaps(cells, rows, names)
            found.append(cells)
        blocks.append(rows.said(roles.said(file.columns)))
    said = joined(blocks)
    if not len(said):
        raise WrongInput(f"{path} has a header and no rows: fetch it again")
    if roles.time is not None:
        _check_order(times(said, roles.time), said, roles.time)
    series = Series(said, columns, *(torch.from_numpy(np.concatenate(each)).float() for each in (inputs, targets)))
    _log.info("%s", series)
    return series


class Windows(NamedTuple):
    """N windows of a series."""

    steps: Tensor  # (S, F) float32: of all of them
    starts: Tensor  # (N,) int64
    targets: Tensor  # (N, D * points) float32
    names: list[str]
    series: Tensor | None  # (N,) int64: equal where each begins where the one before ends, if the state is carried


def cut_windows(series: Series, start: int, end: int, cut: Cut, roles: Roles, part: str) -> Windows:
    """The windows whose values to predict are all between two rows; contexts may reach back before them.

    A window whose target is missing is left out; so is one whose last value is, where the change from it is asked.

    Raises WrongInput where none is left.
    """
    ends = cut.ends(start, end)
    numbers = series.rows.numbers[start:end]
    which = f"{series.rows.unit}s {numbers[0]} to {numbers[-1]}" if len(numbers) else f"no {series.rows.unit}s"
    place = f"{series.rows.name}, {which}"
    if not len(ends):
        raise WrongInput(
            f"{place} are the {part} set, too few for a window of context {cut.context} and horizon {cut.horizon}: "
            "lower data.context or data.horizon, or change data.rows"
        )
    where = torch.from_numpy(ends)[:, None] + torch.tensor(cut.ahead()) - 1  # (N, points)
    targets = series.targets[where].flatten(1)  # (N, points * D)
    usable = ~targets.isnan().any(1)
    if cut.forecast == "change":
        usable &= ~series.targets[ends - 1].isnan().any(1)
    if not usable.all():
        left = int(usable.sum())
        _log.info("%s set: %d windows without a value to predict (or to predict from) left out", part, len(ends) - left)
        if not left:
            raise WrongInput(f"{place} are the {part} set, where every window lacks a value to predict: mend the file")
    ends, targets = ends[usable.numpy()], targets[usable]
    left_out = np.diff(ends, prepend=ends[:1]) > cut.stride
    unbroken = torch.from_numpy(left_out.cumsum()) if cut.carry_state else None
    starts = torch.from_numpy(ends) - cut.context
    names = [f"{Path(series.rows.name).name}:{number}" for number in series.rows.numbers[ends - 1]]
    if not series.inputs.isnan().any() and roles.missing != "indicator":
        return Windows(series.inputs, starts, targets, names, unbroken)
    contexts = (series.inputs[at : at + cut.context] for at in starts.tolist())  # so that nothing after fills a gap
    pieces = [roles.prepared(each, name, series.columns) for name, each in zip(names, contexts, strict=True)]
    return Windows(torch.cat(pieces), torch.arange(len(pieces)) * cut.context, targets, names, unbroken)


def part_rows(series: Series, rows: Sequence[float] | None, sides: Sequence[Side]) -> dict[Side, tuple[int, int]]:
    """Where each side begins and ends, in order of time.

    Args:
        rows: how many rows of train, val and test, or shares of them; None: 0.7, 0.1, 0.2.
        sides: those that the file is cut into.

    Raises WrongInput where the file has fewer rows.
    """
    asked = dict(zip(("train", "val", "test"), rows or (0.7, 0.1, 0.2), strict=True))
    left = {side: asked[side] for side in sides}
    total = len(series.rows)
    if all(each == int(each) for each in left.values()) and sum(left.values()) > 1:
        counts = {side: int(each) for side, each in left.items()}
    else:
        scale = total / sum(left.values())
        bounds = np.round(np.cumsum([0, *left.values()]) * scale).astype(int)
        counts = dict(zip(left, np.diff(bounds).tolist(), strict=True))
    if sum(counts.values()) > total:
        raise WrongInput(
            f"rows are {', '.join(map(str, counts.values()))} but {series.rows.name} has {total:,}: lower data.rows"
        )
    starts = np.cumsum([0, *counts.values()]).tolist()
    return {side: (start, start + count) for (side, count), start in zip(counts.items(), starts, strict=False)}


def stream_windows(source: Path | TextIO, roles: Roles, cut: Cut) -> Iterator[Item]:
    """The context that ends with each row, from the first that has enough before it."""
    file: TableFile = open_table(source)
    columns = roles.learnt(file, target_too=True)
    short = source.name if isinstance(source, Path) else "line"
    before = np.zeros((0, len(columns)))
    last: Floats | Ints | None = None
    count = 0
    for rows in whole(file):
        cells, _ = numbers(rows, columns)
        if roles.time in file.columns and len(rows):
            when = times(rows, str(roles.time))
            _check_order(when, rows, str(roles.time), last)
            last = when[-1:]
        names = words(rows, str(roles.time)).to_list() if roles.time in file.columns else [None] * len(rows)
        series = np.concatenate([before, cells])
        for row, name in enumerate(names):
            end = len(before) + row + 1
            if end >= cut.context:
                called = name or f"{short}:{rows.numbers[row]}"
                yield called, _context(series[end - cut.context : end], rows.place(row), columns, roles)
        count += len(rows)
        before = series[max(0, len(series) - cut.context + 1) :]
    if count < cut.context:
        raise WrongInput(f"{file.name} has {count} rows, fewer than the {cut.context} of a context: give more")


def _context(values: Floats, place: str, columns: list[str], roles: Roles) -> Tensor | WrongInput:
    steps = torch.from_numpy(values.astype(np.float32))
    try:
        return roles.prepared(steps, f"{place}, its context", columns)
    except WrongInput as error:
        return error


def _check_order(when: Floats | Ints, rows: Rows, time: str, last: Floats | Ints | None = None) -> None:
    """WrongInput where a row is not later than the one before."""
    steps = np.diff(when, prepend=last if last is not None else when[:1] - 1)
    if (steps <= 0).any():
        row = int((steps <= 0).argmax())
        raise WrongInput(
            f"{rows.place(row)}, column {time!r} is {rows.cells[time][row]}, not later than the row before: "
            "sort the file by time, and take out what is there twice"
        )
    gaps = (steps[1:] != np.median(steps[1:])).nonzero()[0] if last is None and len(steps) > 1 else []
    if len(gaps):
        first = int(gaps[0]) + 1
        _log.warning(
            "%s comes after another time than most rows do (%d such gaps): windows take no notice of it",
            rows.place(first),
            len(gaps),
        )
