"""Running sums of loss, weight and metrics: added batch by batch, so that chunks never change their bits."""

import math

import torch
from torch import Tensor

from seqtrain.ranks import count, rank, summed


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
        if self.loss.device != loss.device:
            here = (self.loss, self.weight, self.scores)
            self.loss, self.weight, self.scores = (each.to(loss.device, non_blocking=True) for each in here)
        self.loss = loss + self.loss
        self.weight = weight + self.weight
        self.scores = scores + self.scores

    def mean_loss(self) -> float:
        weight = float(self.weight)
        return float(self.loss) / weight if weight else math.nan

    def over_ranks(self) -> "Sums":
        """The sums of all processes that train together."""
        total = Sums(self._zero)
        total.loss, total.weight, total.scores = summed(*self.state().values())
        return total

    def state(self) -> dict[str, Tensor]:
        """On the CPU: only a process that saw a batch has them on its GPU."""
        return {"loss": self.loss.cpu(), "weight": self.weight.cpu(), "scores": self.scores.cpu()}

    def restore(self, states: list[dict[str, Tensor]]) -> None:
        """Go on from the states of all processes; each has its own again where their number is the same."""
        if len(states) == count():
            states = [states[rank()]]
        elif rank() > 0:
            states = []
        self.clear()
        for state in states:
            self.add(state["loss"], state["weight"], state["scores"])
