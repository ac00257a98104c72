"""Wide tables: a row is one series of one feature; its steps are columns, in the file's order."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np
import polars as pl
import torch
from torch import Tensor

from seqtrain.datasets.table_file import open_table, whole
from seqtrain.datasets.table_roles import Roles
from seqtrain.datasets.table_rows import (
    Bools,
    Floats,
    Ints,
    Rows,
    label_lists,
    named,
    numbers,
    refuse_gaps,
    targets,
    words,
)
from seqtrain.datasets.table_set import TableSet
from seqtrain.errors import WrongInput
from seqtrain.items import Item

_log = logging.getLogger("seqtrain")

_ELSE = "data.id is a name of each series, data.group what several share; where a row is a step set data.layout=long"


def read_wide(path: Path, roles: Roles) -> TableSet:
    """All series of a file. Raises WrongInput, naming file, row and column, where anything in it is wrong."""
    file = open_table(path)
    roles.check(file)
    columns = roles.learnt(file)
    steps: list[Floats] = []
    lengths: list[Ints] = []
    values: list[Floats] = []
    blocks: list[Rows] = []
    for rows in whole(file):
        cells, known = _series(rows, columns, _ELSE)
        if roles.missing == "refuse":
            refuse_gaps(np.where(known, cells, 0), rows, columns)
        steps.append(cells[known].astype(np.float32))
        lengths.append(known.sum(1))
        values.append(targets(rows, roles.target) if not roles.worded else np.zeros((len(rows), 0)))
        blocks.append(rows.said(roles.said(file.columns)))
    said = joined(blocks)
    if not len(said):
        raise WrongInput(f"{path} has a header and no rows: fetch it again")
    found = TableSet(
        file=str(path),
        unit=said.unit,
        columns=columns,
        steps=torch.from_numpy(np.concatenate(steps))[:, None],
        lengths=torch.from_numpy(np.concatenate(lengths)),
        rows=said.numbers,
        ids=_ids(said, roles.id) if roles.id is not None else None,
        labels=(named if roles.classes else label_lists)(said, roles.target[0]) if roles.worded else None,
        values=np.concatenate(values) if not roles.worded else None,
        target_rows=said.numbers,
        per_step=False,
        sides=named(said, roles.split) if roles.split is not None else None,
        groups=named(said, roles.group) if roles.group is not None else None,
    )
    _log.info("%s", found)
    return found


def stream_wide(source: Path | TextIO, roles: Roles) -> Iterator[Item]:
    """The series of a file, one at a time; a target need not be there."""
    file = open_table(source)
    columns = roles.learnt(file)
    short = source.name if isinstance(source, Path) else "line"
    for rows in file.blocks:
        names = words(rows, roles.id).to_list() if roles.id in file.columns else [None] * len(rows)
        called = [name or f"{short}:{number}" for name, number in zip(names, rows.numbers, strict=True)]
        try:
            found = _items(rows, columns, roles, called)
        except WrongInput:  # each alone tells which
            found = [_item(rows.some(row, row + 1), columns, roles, called[row]) for row in range(len(rows))]
        bad = [(line, (f"{short}:{line}", error)) for line, error in rows.wrong.items()]
        good = zip(rows.numbers.tolist(), found, strict=True)
        yield from (item for _, item in sorted([*good, *bad], key=lambda each: each[0]))


def joined(blocks: list[Rows]) -> Rows:
    """The rows of all blocks."""
    cells = pl.concat([rows.cells for rows in blocks])
    return Rows(cells, np.concatenate([rows.numbers for rows in blocks]), blocks[0].name, blocks[0].unit, {})


def _ids(rows: Rows, column: str) -> list[str]:
    """(R,) names, each once. WrongInput: one again, as in a long table."""
    names = named(rows, column)
    if not (again := ~names.is_first_distinct()).any():
        return names.to_list()
    row = int(again.arg_max() or 0)
    raise WrongInput(
        f"{rows.place(row)}, column {column!r} is {names[row]!r} as in a row before, but layout is wide, where each "
        "row is a series: set data.layout=long where a row is a step, or data.id=null, and data.group to a column that "
        "series share"
    )


def _series(rows: Rows, columns: list[str], else_: str = "") -> tuple[Floats, Bools]:
    """(R, K) values, NaN where missing, and which are steps: up to the last cell that is not empty."""
    values, empty = numbers(rows, columns, else_=else_)
    lengths = len(columns) - np.argmin(empty[:, ::-1], axis=1)
    if (nothing := empty.all(1)).any():
        raise WrongInput(f"{rows.place(int(nothing.argmax()))} has no values: take it out")
    return values, np.arange(len(columns)) < lengths[:, None]


def _items(rows: Rows, columns: list[str], roles: Roles, called: list[str]) -> list[Item]:
    cells, known = _series(rows, columns)
    if roles.missing == "refuse":
        refuse_gaps(np.where(known, cells, 0), rows, columns)
    series = torch.from_numpy(cells.astype(np.float32))
    filled: list[Tensor] = [
        roles.prepared(steps[:length, None], rows.place(row))
        for row, (steps, length) in enumerate(zip(series, known.sum(1).tolist(), strict=True))
    ]
    return list(zip(called, filled, strict=True))


def _item(row: Rows, columns: list[str], roles: Roles, called: str) -> Item:
    try:
        return _items(row, columns, roles, [called])[0]
    except WrongInput as error:
        return called, error
