"""Losses as a sum and a weight, so that a mean over any batch, epoch or number of processes is exact.

A criterion is a module called with (outputs, batch) for the sum of the losses, 0-dim, with a gradient;
its `weight(batch)` is what that sum is divided by: the scored values, the sequences, or their class weights.
"""

from collections.abc import Callable
from typing import Literal, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqtrain.batch import Batch

_LEFT_OUT = -100  # the class of steps that torch's losses leave out

ValueLoss = Literal["mse", "mae", "huber"]

_VALUE_LOSSES: dict[ValueLoss, Callable[..., Tensor]] = {
    "mse": functional.mse_loss,
    "mae": functional.l1_loss,
    "huber": functional.huber_loss,
}


class Criterion(Protocol):
    """What the learner asks of a loss."""

    def __call__(self, outputs: Tensor, batch: Batch) -> Tensor: ...

    def weight(self, batch: Batch) -> Tensor: ...


class ValueCriterion(nn.Module):
    """Squared, absolute or Huber (1964; delta 1) error of every scored value: (B, T, D) or (B, D).

    Args:
        scale: (D,) what errors are divided by first, such as the values' standard deviations; None: nothing.
    """

    scale: Tensor | None

    def __init__(self, loss: ValueLoss, scale: Tensor | None = None) -> None:
        super().__init__()
        self._loss = _VALUE_LOSSES[loss]
        self.register_buffer("scale", scale, persistent=False)

    def forward(self, outputs: Tensor, batch: Batch) -> Tensor:
        targets = batch.targets
        if self.scale is not None:
            outputs, targets = outputs / self.scale, targets / self.scale
        if batch.scored is None:
            return self._loss(outputs, targets, reduction="sum")
        unscored = ~batch.scored[:, :, None]  # masked first: what is not scored may be no number at all
        return self._loss(outputs.masked_fill(unscored, 0), targets.masked_fill(unscored, 0), reduction="sum")

    def of_error(self, size: float) -> float:
        """The loss where every value is off by so much, in its own units and where it is divided by least."""
        scale = 1.0 if self.scale is None else float(self.scale.min())
        return float(self._loss(torch.tensor(size / scale, dtype=torch.float64), torch.zeros((), dtype=torch.float64)))

    def weight(self, batch: Batch) -> Tensor:
        if batch.scored is None:
            return _number(batch.targets.numel(), batch)
        return batch.scored.sum() * float(batch.targets.shape[-1])


class ClassCriterion(nn.Module):
    """Cross entropy of log-probabilities (B, C) or (B, T, C), with label smoothing (Szegedy et al. 2016, eq. 8).

    Targets may also be shares of every class, (B, C) float, as mixup makes them.

    Args:
        label_smoothing: the share of every target that is spread over all classes; in validation and test too.
        class_weights: (C,) float, one a class, or None; the mean is over the weights, as torch's.
    """

    class_weights: Tensor | None

    def __init__(self, *, label_smoothing: float, class_weights: Tensor | None) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing
        self.register_buffer("class_weights", class_weights, persistent=False)

    def forward(self, outputs: Tensor, batch: Batch) -> Tensor:
        targets = batch.targets
        if self.label_smoothing == 0 and not targets.is_floating_point():
            if batch.scored is not None:  # not picked out: a GPU would wait to tell how many there are
                outputs, targets = outputs.flatten(0, 1), targets.masked_fill(~batch.scored, _LEFT_OUT).flatten()
            return functional.nll_loss(outputs, targets, self.class_weights, reduction="sum")
        gains = self._shares(targets, outputs) * outputs  # linear in log-probabilities, as ensembles need it
        return -(gains if batch.scored is None else gains.masked_fill(~batch.scored[:, :, None], 0)).sum()

    def weight(self, batch: Batch) -> Tensor:
        if self.class_weights is None:
            return _number(len(batch.targets), batch) if batch.scored is None else batch.scored.sum().float()
        if batch.targets.is_floating_point():
            return (batch.targets @ self.class_weights).sum()
        weights = self.class_weights[batch.targets]
        return weights.sum() if batch.scored is None else weights.masked_fill(~batch.scored, 0).sum()

    def _shares(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """(…, C): how much each class counts."""
        classes = outputs.shape[-1]
        shares = targets if targets.is_floating_point() else functional.one_hot(targets, classes).to(outputs)
        shares = shares * (1 - self.label_smoothing) + self.label_smoothing / classes
        return shares if self.class_weights is None else shares * self.class_weights


class LabelCriterion(nn.Module):
    """Binary cross entropy of the log-probabilities (B, C) of labels that have nothing to do with one another.

    -sum over b, c of y log p + (1 - y) log(1 - p), with y 0, 1, or between them where sequences were mixed; divided by
    B times C it is what torch's binary_cross_entropy_with_logits gives for the log-odds.
    """

    def forward(self, outputs: Tensor, batch: Batch) -> Tensor:
        least = torch.finfo(outputs.dtype).tiny  # p = 1 exactly would make log(1 - p) infinite
        absent = torch.log(-torch.expm1(outputs.clamp(max=-least)))  # log(1 - p), exact also for p near 1
        return -(batch.targets * outputs + (1 - batch.targets) * absent).sum()

    def weight(self, batch: Batch) -> Tensor:
        return _number(batch.targets.numel(), batch)


def _number(count: int, batch: Batch) -> Tensor:
    return torch.full((), float(count), device=batch.targets.device)  # torch.tensor would wait for a GPU
