"""Long tables: a row is one step; the rows of one id, in order of time, are a sequence."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import torch

from seqtrain.datasets.table_file import open_table, whole
from seqtrain.datasets.table_roles import Roles
from seqtrain.datasets.table_rows import (
    Floats,
    Ints,
    Rows,
    label_lists,
    named,
    numbers,
    refuse_gaps,
    targets,
    times,
    words,
)
from seqtrain.datasets.table_set import TableSet
from seqtrain.datasets.table_wide import joined
from seqtrain.errors import WrongInput

_log = logging.getLogger("seqtrain")


def read_long(path: Path, roles: Roles) -> TableSet:
    """All sequences of a file, in the order of their first rows.

    Raises WrongInput, naming file, row and column, where anything in it is wrong, two rows of an id have one time,
    or what should be said of a whole sequence changes within it.
    """
    file = open_table(path)
    roles.check(file)
    columns = roles.learnt(file)
    steps: list[Floats] = []
    values: list[Floats] = []
    blocks: list[Rows] = []
    for rows in whole(file):
        cells, _ = numbers(rows, columns, else_="data.group is what several sequences share")
        if roles.missing == "refuse":
            refuse_gaps(cells, rows, columns)
        steps.append(cells.astype(np.float32))
        values.append(_values(rows, roles))
        blocks.append(rows.said(roles.said(file.columns)))
    said = joined(blocks)
    if not len(said):
        raise WrongInput(f"{path} has a header and no rows: fetch it again")
    order, starts = in_sequences(said, roles)
    said = replace(said, cells=said.cells[order], numbers=said.numbers[order])
    lengths = np.diff(np.append(starts, len(said)))
    told = _Told(said, starts, np.repeat(starts, lengths))
    target_values = np.concatenate(values)[order]
    found = TableSet(
        file=str(path),
        unit=said.unit,
        columns=columns,
        steps=torch.from_numpy(np.concatenate(steps)[order]),
        lengths=torch.from_numpy(lengths),
        rows=said.numbers[starts],
        ids=words(said, str(roles.id)).gather(starts).to_list(),
        labels=_labels(told, roles) if roles.worded else None,
        values=None if roles.worded else target_values if roles.per_step else told.values(target_values, roles.target),
        target_rows=said.numbers if roles.per_step else said.numbers[starts],
        per_step=roles.per_step,
        sides=told.once(roles.split) if roles.split is not None else None,
        groups=told.once(roles.group) if roles.group is not None else None,
    )
    _log.info("%s in %s rows", found, f"{len(said):,}")
    if roles.time is None and (clock := _growing(found)):
        _log.warning(
            "%s: learns from %r, which grows at every step: if it says when, set data.time=%s", path, clock, clock
        )
    return found


def _growing(table: TableSet) -> str | None:
    """The first column that grows from each step to the next in every sequence, as clocks do."""
    within = torch.ones(len(table.steps), dtype=torch.bool)
    within[table.starts] = False
    later = within.nonzero()[:, 0]
    grows = (table.steps[later] > table.steps[later - 1]).all(0) & bool(len(later))
    return next((name for name, each in zip(table.columns, grows.tolist(), strict=True) if each), None)


def _values(rows: Rows, roles: Roles) -> Floats:
    """(R, D); missing ones are NaN where every step has its own, and refused otherwise."""
    if roles.worded:
        return np.zeros((len(rows), 0))
    return numbers(rows, roles.target)[0] if roles.per_step else targets(rows, roles.target)


def _labels(told: "_Told", roles: Roles) -> pl.Series:
    if roles.per_step:
        return words(told.rows, roles.target[0])
    return told.once(roles.target[0], named if roles.classes else label_lists)


def in_sequences(rows: Rows, roles: Roles) -> tuple[Ints, Ints]:
    """(S,) the rows in order, id after id, each by time; (N,) where in that order each id begins."""
    ids = named(rows, str(roles.id))
    first = pl.DataFrame({"id": ids}).with_row_index().select(pl.col("index").min().over("id")).to_series().to_numpy()
    if roles.time is None:
        order = first.argsort(kind="stable")
    else:
        time = times(rows, roles.time)
        order = np.lexsort((time, first))
        same = (first[order][1:] == first[order][:-1]) & (time[order][1:] == time[order][:-1])
        if same.any():
            one, other = order[same.argmax()], order[same.argmax() + 1]
            raise WrongInput(
                f"{rows.place(int(other))} has the same {roles.id} ({ids[int(one)]}) and {roles.time} as {rows.unit} "
                f"{rows.numbers[one]}: take one of them out"
            )
    return order, np.flatnonzero(np.diff(first[order], prepend=-1))


class _Told(NamedTuple):
    """What columns say of whole sequences."""

    rows: Rows  # (S,) in order
    starts: Ints  # (N,)
    begins: Ints  # (S,) the first row of each one's sequence

    def once(self, column: str, read: Callable[[Rows, str], pl.Series] = named) -> pl.Series:
        """(N,). WrongInput where a column changes within a sequence, or cannot be read."""
        said = read(self.rows, column)
        self._check((said != said.gather(self.begins)).to_numpy(), column)
        return said.gather(self.starts)

    def values(self, values: Floats, columns: list[str]) -> Floats:
        """(S, D) -> (N, D)"""
        changed = values != values[self.begins]
        for number, column in enumerate(columns):
            self._check(changed[:, number], column)
        found: Floats = values[self.starts]
        return found

    def _check(self, changed: "np.ndarray[tuple[int], np.dtype[np.bool_]]", column: str) -> None:
        if changed.any():
            row = int(changed.argmax())
            begin = int(self.begins[row])
            raise WrongInput(
                f"{self.rows.place(row)} has {self.rows.cells[column][row]!r} in its column {column!r}, but "
                f"{self.rows.unit} {self.rows.numbers[begin]} of the same sequence "
                f"{self.rows.cells[column][begin]!r}: it has to be one, or where it is the target, to predict at every "
                "step, set data.predicts=step_classes task=step_classification (or step_values, step_regression)"
            )
