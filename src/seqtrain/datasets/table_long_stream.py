"""The sequences of a long table as a stream, each as soon as the next begins."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
import torch
from torch import Tensor

from seqtrain.datasets.table_file import TableFile, open_table, whole
from seqtrain.datasets.table_roles import Roles
from seqtrain.datasets.table_rows import Floats, Ints, Rows, named, numbers, refuse_gaps, times
from seqtrain.errors import WrongInput
from seqtrain.items import Item


def stream_long(source: Path | TextIO, roles: Roles) -> Iterator[Item]:
    """The sequences of a file, one at a time; a target need not be there. Rows of one id have to be together.

    Of sequences that were read only their ids are kept in memory. Raises WrongInput where a row is none, or an id
    comes again after others; of a file before anything else.
    """
    if isinstance(source, Path):
        _check_together(source, roles)
    file = open_table(source)
    _check_columns(file, roles)
    columns = roles.learnt(file)
    parts: list[_Part | WrongInput] = []
    seen: set[str] = set()
    last = ""
    for rows in whole(file):
        every = _part_of(rows, columns, roles)
        for name, start, end in _runs(rows, roles):
            if parts and name != last:
                yield last, _read(last, parts, columns, roles)
                parts = []
            if not parts:
                _check_new(name, seen, rows.place(start))
            last = name
            if isinstance(every, _Part):
                parts.append(every.some(start, end))
            else:  # something in the block is wrong: each run alone tells whether it is there
                parts.append(_part_of(rows.some(start, end), columns, roles))
    if parts:
        yield last, _read(last, parts, columns, roles)


class _Part(NamedTuple):
    """Rows of a sequence."""

    steps: Floats  # (R, F)
    time: Floats | Ints  # (R,)
    place: str

    def some(self, start: int, end: int) -> "_Part":
        return _Part(self.steps[start:end], self.time[start:end], self.place)


def _part_of(rows: Rows, columns: list[str], roles: Roles) -> _Part | WrongInput:
    try:
        cells, _ = numbers(rows, columns)
        if roles.missing == "refuse":
            refuse_gaps(cells, rows, columns)
        return _Part(cells, times(rows, roles.time) if roles.time is not None else rows.numbers, rows.name)
    except WrongInput as error:
        return error


def _check_columns(file: TableFile, roles: Roles) -> None:
    file.column("id", str(roles.id))
    if roles.time is not None:
        file.column("time", roles.time)


def _check_together(path: Path, roles: Roles) -> None:
    file = open_table(path)
    _check_columns(file, roles)
    seen: set[str] = set()
    last: str | None = None
    for rows in whole(file):
        for name, start, _ in _runs(rows, roles):
            if name != last:
                _check_new(name, seen, rows.place(start))
            last = name


def _check_new(name: str, seen: set[str], place: str) -> None:
    if name in seen:
        raise WrongInput(
            f"{place} is of {name!r}, of which there were rows before, and others since: to be read as a stream, the "
            "rows of a sequence have to be together; sort the file"
        )
    seen.add(name)


def _runs(rows: Rows, roles: Roles) -> Iterator[tuple[str, int, int]]:
    """An id, and its rows from start to end."""
    ids = named(rows, str(roles.id))
    starts = (ids != ids.shift()).fill_null(True).arg_true().to_list()
    yield from zip(ids.gather(starts), starts, [*starts[1:], len(ids)], strict=True) if starts else ()


def _read(name: str, parts: list[_Part | WrongInput], columns: list[str], roles: Roles) -> Tensor | WrongInput:
    found: list[_Part] = []
    for part in parts:
        if isinstance(part, WrongInput):
            return part
        found.append(part)
    place = f"{found[0].place}, {roles.id} {name}"
    time = np.concatenate([part.time for part in found])
    order = time.argsort(kind="stable")
    if (np.diff(time[order]) == 0).any():
        return WrongInput(f"{place} has two rows with the same {roles.time}: take one of them out")
    steps = np.concatenate([part.steps for part in found])[order]
    try:
        return roles.prepared(torch.from_numpy(steps.astype(np.float32)), place, columns)
    except WrongInput as error:
        return error
