"""Several labels of a table's sequences: words in one column, or columns of 0 and 1."""

import numpy as np
import torch
from torch import Tensor

from seqtrain.datasets.folder_labels import in_order
from seqtrain.datasets.table_roles import Roles
from seqtrain.datasets.table_set import TableSet
from seqtrain.errors import WrongInput
from seqtrain.labels import as_targets, separated


def label_names(table: TableSet, trained: Tensor, roles: Roles) -> tuple[str, ...]:
    """The labels of a training file: those that its sequences have, in order, or its columns of 0 and 1.

    Args:
        trained: (n,) int64: which of its sequences are to train on.
    """
    if table.labels is None:
        return tuple(roles.target)
    found = {label for row in trained.tolist() for label in separated(table.labels[row])}
    if not found:
        raise WrongInput(f"the training set of {table.file} has no label in its column {roles.target[0]!r}: give some")
    return tuple(in_order(list(found)))


def label_targets(table: TableSet, labels: tuple[str, ...]) -> Tensor:
    """(N, C) float32, 0 or 1. WrongInput, naming the place: another number, or a label that is not to train on."""
    if table.labels is None:
        assert table.values is not None
        wrong = (table.values != 0) & (table.values != 1)
        if wrong.any():
            row, column = (int(each) for each in np.argwhere(wrong)[0])
            raise WrongInput(
                f"{table.target_place(row)}, column {labels[column]!r} is {table.values[row, column]:g}: where several "
                "columns are labels each has to be 0 or 1"
            )
        return torch.tensor(table.values, dtype=torch.float32)
    rows = [separated(said) for said in table.labels]
    known = {*labels}
    for row, said in enumerate(rows):
        if new := [label for label in said if label not in known]:
            raise WrongInput(
                f"{table.target_place(row)} has the label {new[0]!r}, which nothing in the training set has: take it "
                "out, or add such sequences there"
            )
    return as_targets(rows, labels)
