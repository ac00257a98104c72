"""Several labels of a sequence: which of them are there, and how they are written."""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

SEPARATOR = ";"


def present(log_probabilities: Tensor) -> Tensor:
    """Which labels are more probable than not: (…, C) float -> bool."""
    return log_probabilities > math.log(0.5)


def names_of(row: Tensor, labels: Sequence[str]) -> list[str]:
    """The names of those that are there, of a row (C,) bool."""
    return [labels[index] for index in row.nonzero()[:, 0].tolist()]


def separated(text: str | None) -> list[str]:
    """The labels of a cell such as `dog; rain`, each once; none where it is empty."""
    return list(dict.fromkeys(label for each in (text or "").split(SEPARATOR) if (label := each.strip())))


def as_targets(rows: Sequence[Iterable[str]], labels: Sequence[str]) -> Tensor:
    """(N, C) float32: 1 where a row names a label. KeyError: a label that is none of them."""
    index = {label: place for place, label in enumerate(labels)}
    targets = torch.zeros(len(rows), len(labels))
    for row, said in enumerate(rows):
        targets[row, [index[label] for label in said]] = 1
    return targets
