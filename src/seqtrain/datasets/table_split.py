"""From the tables of a data set to its sets: who is on which side, classes, targets."""

import logging
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from seqtrain.datasets.folder_labels import Side, in_order, side_of
from seqtrain.datasets.series import is_fraction
from seqtrain.datasets.table_labels import label_names, label_targets
from seqtrain.datasets.table_roles import Roles
from seqtrain.datasets.table_set import TableSet
from seqtrain.errors import WrongInput
from seqtrain.sequences import Sequences, Sets

_SIDES: tuple[Side, ...] = ("train", "val", "test")
_log = logging.getLogger("seqtrain")


class _Part(NamedTuple):
    table: TableSet
    which: Tensor  # indices of its sequences


def make_sets(tables: Mapping[Side, TableSet], roles: Roles, *, test_fraction: float) -> Sets:
    """The sets of a training file and of those for validation and test, where there are any.

    Args:
        tables: "train" and what else has a file of its own.
        test_fraction: share of the training file to test on, where neither a file nor a column says it.

    Raises WrongInput where nothing is to train on, or a label is new in the validation or test set.
    """
    parts = {side: _Part(table, torch.arange(len(table))) for side, table in tables.items()}
    if tables["train"].sides is not None:
        parts = _sides_of(tables["train"], roles.split)
    classes: tuple[str, ...] = ()
    if roles.predicts == "labels":
        classes = label_names(tables["train"], parts["train"].which, roles)
    elif roles.classes:
        classes = _classes(parts["train"])
    whole = {id(table): _sequences(table, classes, roles) for table in tables.values()}
    made = {side: whole[id(part.table)].select(part.which) for side, part in parts.items()}
    return Sets(
        train=made["train"],
        val=made.get("val"),
        test=made.get("test"),
        predicts=roles.predicts,
        classes=classes,
        columns=tuple(tables["train"].columns),
        normalize=roles.statistics(),
        scale_targets=not classes,
        test_fraction=0.0 if roles.split is not None else test_fraction,
    )


def _sides_of(table: TableSet, column: str | None) -> dict[Side, _Part]:
    """The sides that a column of the file tells."""
    assert table.sides is not None
    sides = [side_of(said, table.place(place)) for place, said in enumerate(table.sides)]
    where = {side: [place for place, own in enumerate(sides) if own == side] for side in _SIDES}
    if not where["train"]:
        raise WrongInput(f"{table.file} has nothing to train on: its column {column!r} never says train")
    return {side: _Part(table, torch.tensor(which)) for side, which in where.items() if which}


def _classes(train: _Part) -> tuple[str, ...]:
    """The labels of the training set, in order."""
    table = train.table
    assert table.labels is not None
    trained = torch.isin(table.owners, train.which).numpy()
    found = table.labels.filter(trained).drop_nulls().unique().to_list()
    if wrong := [label for label in found if is_fraction(label)]:
        place = table.target_place((table.labels == wrong[0]).arg_max() or 0)
        values = "step_values task=step_regression" if table.per_step else "values task=regression"
        raise WrongInput(
            f"{place} has the label {wrong[0]}, which looks like a value: set data.predicts={values} to predict "
            "values, or name the classes otherwise"
        )
    if len(found) < 2:
        one = f"the label {found[0]!r} only" if found else "no label"
        raise WrongInput(f"the training set of {table.file} has {one}: two classes are the least")
    return tuple(in_order(found))


def _sequences(table: TableSet, classes: tuple[str, ...], roles: Roles) -> Sequences:
    if roles.predicts == "labels":
        targets, missing = label_targets(table, classes), torch.zeros(len(table), dtype=torch.bool)
    else:
        targets, missing = _class_targets(table, classes) if classes else _value_targets(table)
    if missing.any() and (not table.per_step or roles.missing == "refuse"):
        remedy = ", or set data.missing=interpolate or indicator, and such steps are not scored" * table.per_step
        raise WrongInput(
            f"{table.target_place(int(missing.nonzero()[0]))} has no target in its column {roles.target[0]!r} "
            f"({int(missing.sum())} missing in all): fill it in, or take the row out{remedy}"
        )
    if missing.any():
        _log.info("%s: %d steps without a target are not scored", table.file, int(missing.sum()))
    return Sequences(
        steps=_prepared(table, roles),
        starts=table.starts,
        lengths=table.lengths,
        targets=targets,
        per_step=table.per_step,
        scored=~missing if missing.any() else None,
        names=tuple(table.names),
        groups=tuple(table.groups) if table.groups is not None else None,
    )


def _prepared(table: TableSet, roles: Roles) -> Tensor:
    """The steps as they are learnt from: (S, F), or (S, 2F) with indicators."""
    if roles.normalize != "series" and not table.steps.isnan().any() and roles.missing != "indicator":
        return table.steps
    features = table.columns if table.steps.shape[1] == len(table.columns) else None
    pieces = torch.split(table.steps, table.lengths.tolist())
    return torch.cat([roles.prepared(steps, table.place(i), features) for i, steps in enumerate(pieces)])


def _class_targets(table: TableSet, classes: tuple[str, ...]) -> tuple[Tensor, Tensor]:
    """int64 classes, and where there is none."""
    assert table.labels is not None
    indices = table.labels.replace_strict(list(classes), list(range(len(classes))), default=-1)
    missing = torch.tensor(table.labels.is_null().to_numpy())
    targets = torch.tensor(indices.fill_null(-1).to_numpy().astype("int64"))
    if len(new := ((targets < 0) & ~missing).nonzero()):
        first = int(new[0])
        raise WrongInput(
            f"{table.target_place(first)} has the label {table.labels[first]!r}, which nothing in the training set "
            "has: take it out, or add such sequences there"
        )
    return targets.masked_fill(missing, 0), missing


def _value_targets(table: TableSet) -> tuple[Tensor, Tensor]:
    """(…, D) float32, and where there is none."""
    targets = torch.tensor(table.values, dtype=torch.float32)
    return targets.nan_to_num(), targets.isnan().any(1)
