"""Metrics as sums over batches: exact whatever the batches' sizes, and one tensor to keep in a checkpoint.

`measure` turns a batch into a tensor of sums, which are added up; `summary` turns the total into metrics.
"""

from typing import Protocol

import torch
from torch import Tensor

from seqtrain.batch import Batch
from seqtrain.labels import present


class Scores(Protocol):
    """What the learner asks of a task's metrics."""

    names: tuple[str, ...]

    def zero(self) -> Tensor: ...

    def measure(self, outputs: Tensor, batch: Batch) -> Tensor: ...

    def summary(self, sums: Tensor) -> dict[str, float]: ...


class ValueScores:
    """mse, rmse, mae and r2 (the mean over the D predicted values of each one's r2) of all scored values.

    Args:
        scaled_by: (D,) what errors are divided by for scaled/mse, scaled/rmse and scaled/mae; empty: there are none.
    """

    names: tuple[str, ...] = ("mse", "rmse", "mae", "r2")

    def __init__(self, width: int, scaled_by: tuple[float, ...] = ()) -> None:
        self._width = width
        self._scaled_by = torch.tensor(scaled_by, dtype=torch.float64)
        if scaled_by:
            self.names = (*self.names, "scaled/mse", "scaled/rmse", "scaled/mae")

    def zero(self) -> Tensor:
        return torch.zeros(5, self._width, dtype=torch.float64)

    def measure(self, outputs: Tensor, batch: Batch) -> Tensor:
        targets = batch.targets.reshape(-1, self._width).double()
        errors = outputs.detach().reshape(-1, self._width).double() - targets
        if batch.scored is None:
            count = torch.full_like(targets[0], float(len(targets)))
        else:
            unscored = ~batch.scored.reshape(-1, 1)
            targets, errors = targets.masked_fill(unscored, 0), errors.masked_fill(unscored, 0)
            count = batch.scored.sum().double().expand(self._width)
        return torch.stack(
            (count, errors.square().sum(0), errors.abs().sum(0), targets.sum(0), targets.square().sum(0))
        )

    def summary(self, sums: Tensor) -> dict[str, float]:
        count, squares, absolutes, totals, total_squares = sums.cpu()
        mse = float(squares.sum() / count.sum())
        spread = total_squares - totals.square() / count
        # A target that never changes: 1 if it was met, else 0, as scikit-learn has it.
        r2 = torch.where(spread > 0, 1 - squares / spread, (squares == 0).double()).mean()
        found = {"mse": mse, "rmse": mse**0.5, "mae": float(absolutes.sum() / count.sum()), "r2": float(r2)}
        if len(self._scaled_by):
            scaled = float((squares / self._scaled_by.square()).sum() / count.sum())
            scaled_mae = float((absolutes / self._scaled_by).sum() / count.sum())
            found |= {"scaled/mse": scaled, "scaled/rmse": scaled**0.5, "scaled/mae": scaled_mae}
        return found


class ClassScores:
    """accuracy (micro) and f1 (macro, over the classes that occur or were predicted) of all scored classes.

    A target that is shares of several classes (B, C) counts as the class with the largest.
    """

    names: tuple[str, ...] = ("accuracy", "f1")

    def __init__(self, classes: int) -> None:
        self._classes = classes

    def zero(self) -> Tensor:
        return torch.zeros(3, self._classes, dtype=torch.int64)

    def measure(self, outputs: Tensor, batch: Batch) -> Tensor:
        soft = batch.targets.is_floating_point()
        targets = batch.targets.argmax(-1) if soft else batch.targets.flatten()
        predicted = outputs.argmax(-1).flatten()
        counts = torch.ones_like(targets) if batch.scored is None else batch.scored.flatten().long()
        where = torch.cat((targets, targets + self._classes, predicted + 2 * self._classes))
        hits = counts * (targets == predicted)
        found = counts.new_zeros(3 * self._classes).scatter_add(0, where, torch.cat((hits, counts, counts)))
        return found.view(3, self._classes)  # counted by adding up: torch.bincount waits for a GPU

    def summary(self, sums: Tensor) -> dict[str, float]:
        hits, actual, predicted = sums.cpu().double()
        seen = actual + predicted > 0
        f1 = (2 * hits / (actual + predicted))[seen].mean()
        return {"accuracy": float(hits.sum() / actual.sum()), "f1": float(f1)}


class LabelScores:
    """Of labels that are predicted where they are more probable than not.

    accuracy: the share of (sequence, label) pairs that are right; exact_match: the share of sequences of which all are;
    f1: the mean over the labels that occur or were predicted; f1_micro: that of all pairs together. Both are 1 where
    there is nothing to find and nothing was found.
    """

    names: tuple[str, ...] = ("accuracy", "exact_match", "f1", "f1_micro")

    def __init__(self, labels: int) -> None:
        self._labels = labels

    def zero(self) -> Tensor:
        return torch.zeros(5, self._labels, dtype=torch.int64)

    def measure(self, outputs: Tensor, batch: Batch) -> Tensor:
        actual, predicted = batch.targets > 0.5, present(outputs)  # (B, C); mixed ones count as the larger share
        right = actual == predicted
        exact = right.all(1).sum().expand(self._labels)
        count = torch.full_like(exact, len(right))
        return torch.stack([(actual & predicted).sum(0), actual.sum(0), predicted.sum(0), exact, count])

    def summary(self, sums: Tensor) -> dict[str, float]:
        hits, actual, predicted, exact, count = sums.cpu().double()
        pairs = actual + predicted
        f1, micro = (2 * hits / pairs)[pairs > 0].mean(), 2 * hits.sum() / pairs.sum()
        return {
            "accuracy": float(1 - (pairs - 2 * hits).sum() / count.sum()),
            "exact_match": float(exact[0] / count[0]),
            "f1": float(f1.nan_to_num(1.0)),
            "f1_micro": float(micro.nan_to_num(1.0)),
        }
