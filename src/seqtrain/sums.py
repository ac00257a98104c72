"""Running sums of loss, weight and metrics: added batch by batch, so that chunks never change their bits."""

import math

import torch
from torch import Tensor


class Sums:
    """Sums over the batches of an epoch.

    Args:
        scores: the task's sums at zero, as `Scores.zero` gives them.
    """

    def __init__(self, scores: Tensor) -> None:
        self._zero = scores
        self.clear()

    def clear(self) -> None:
        self.loss = torch.zeros((), dtype=torch.float64)
        self.weight = torch.zeros((), dtype=torch.float64)
        self.scores = self._zero

    def add(self, loss: Tensor, weight: Tensor, scores: Tensor) -> None:
        """Add a batch's: out of place, so that the zeros stay and the sums live on the batch's device."""
        self.loss = loss + self.loss.to(loss.device)
        self.weight = weight + self.weight.to(weight.device)
        self.scores = scores + self.scores.to(scores.device)

    def mean_loss(self) -> float:
        weight = float(self.weight)
        return float(self.loss) / weight if weight else math.nan

    def state(self) -> dict[str, Tensor]:
        return {"loss": self.loss, "weight": self.weight, "scores": self.scores}

    def restore(self, state: dict[str, Tensor]) -> None:
        self.loss, self.weight, self.scores = state["loss"], state["weight"], state["scores"]
