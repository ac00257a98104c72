"""From series to the sets of a forecast: which rows are whose, and in what units errors are told."""

from collections.abc import Mapping, Sequence

import torch

from seqtrain.datasets.folder_labels import Side, side_of
from seqtrain.datasets.table_roles import Roles
from seqtrain.datasets.table_rows import named
from seqtrain.datasets.table_windows import Cut, Series, cut_windows, part_rows
from seqtrain.errors import WrongInput
from seqtrain.sequences import Sequences, Sets, change_statistics

_SIDES: tuple[Side, ...] = ("train", "val", "test")


def forecast_sets(files: Mapping[Side, Series], roles: Roles, cut: Cut, rows: Sequence[float] | None) -> Sets:
    """Windows to train, validate and test on, of one file in order of time or of a file each.

    Values are in the file's units; errors are told in deviations of the training rows too.
    """
    train = files["train"]
    own = [side for side in _SIDES if side == "train" or side not in files]
    parts = _by_column(train, roles.split) if roles.split is not None else part_rows(train, rows, own)
    made = {side: _sequences(train, start, end, cut, roles, side) for side, (start, end) in parts.items()}
    for side, series in files.items():
        if side != "train":
            if series.columns != train.columns:
                raise WrongInput(f"{series.rows.name} has other columns to learn from than {train.rows.name}")
            made[side] = _sequences(series, 0, len(series.rows), cut, roles, side)
    points = len(cut.ahead())
    start, end = parts["train"]
    trained = train.targets[start:end].double()  # (R, D)
    mean = trained.nanmean(0)
    deviations = (trained - mean).square().nanmean(0).sqrt()
    last = tuple(train.columns.index(name) for name in roles.target) if cut.forecast == "change" else ()
    return Sets(
        train=made["train"],
        val=made["val"],
        test=made.get("test"),
        predicts="values",
        columns=tuple(train.columns),
        normalize=change_statistics if last and roles.normalize == "features" else roles.statistics(),
        scale_targets=True,
        change_from=last * points,
        ordered=True,
        scaled_by=tuple(torch.where(deviations > 0, deviations, 1.0).tolist()) * points,
    )


def _sequences(series: Series, start: int, end: int, cut: Cut, roles: Roles, side: Side) -> Sequences:
    steps, starts, targets, names, unbroken = cut_windows(series, start, end, cut, roles, side)
    return Sequences(
        steps=steps,
        starts=starts,
        lengths=torch.full_like(starts, cut.context),
        targets=targets,
        names=names,
        series=unbroken,
    )


def _by_column(series: Series, column: str) -> dict[Side, tuple[int, int]]:
    """Where each side begins and ends. WrongInput: they are not one after another, or one to learn with is missing."""
    said = [side_of(each, series.rows.place(row)) for row, each in enumerate(named(series.rows, column))]
    starts = [0, *(row for row in range(1, len(said)) if said[row] != said[row - 1])]
    found = [said[row] for row in starts]
    if found not in (["train", "val", "test"], ["train", "val"]):
        row = starts[min(len(found) - 1, next((i for i, own in enumerate(found) if own != _SIDES[i % 3]), 2))]
        raise WrongInput(
            f"{series.rows.place(row)}: the column {column!r} has to say train, then val, then test if there is one, "
            f"each in one stretch, but it says {' '.join(found[:6])}"
        )
    return dict(zip(found, zip(starts, [*starts[1:], len(said)], strict=True), strict=True))
