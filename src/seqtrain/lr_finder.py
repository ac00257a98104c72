"""A learning rate by trial: updates at ever higher rates, and the one at which the loss falls fastest.

The range test of Smith (2017), "Cyclical Learning Rates for Training Neural Networks", with rates that grow by the same
factor at every update and a smoothed loss (Howard and Gugger 2020, fastai).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from seqtrain.carried import Carried
from seqtrain.criteria import Criterion
from seqtrain.divergence import BadUpdate
from seqtrain.loading import Data
from seqtrain.loading.chunk import Chunk
from seqtrain.metrics import Scores
from seqtrain.network import Network
from seqtrain.optimizers import OptimizerFactory
from seqtrain.sums import Sums
from seqtrain.update import Update

LOWEST, HIGHEST, UPDATES = 1e-6, 10.0, 150
_KEPT = 0.9  # of the running mean at every update; it is the mean of about the last ten losses
_AROUND = 10  # updates on either side of the one whose rate is judged: nearly half a power of ten
_ROUNDING = 1e-6  # of a loss: less is no fall
_TOO_HIGH = 4.0  # times the lowest smoothed loss, beyond which nothing more is learnt


@dataclass(frozen=True)
class RangeTest:
    """What each update found, before it moved the weights."""

    rates: list[float]
    losses: list[float]

    @property
    def smoothed(self) -> list[float]:
        """The running mean of the losses, corrected for its start at zero as in Adam."""
        means: list[float] = []
        mean = 0.0
        for count, loss in enumerate(self.losses, start=1):
            mean = _KEPT * mean + (1 - _KEPT) * loss
            means.append(mean / (1 - _KEPT**count))
        return means

    @property
    def suggestion(self) -> float | None:
        """The rate around which the loss falls fastest by the rate's logarithm: the steepest line through 21 losses.

        A line needs no smoothing, which would come late by some updates. None where none falls.
        """
        slopes = {
            place: _slope(self.losses[place - _AROUND : place + _AROUND + 1])
            for place in range(_AROUND, len(self.losses) - _AROUND)
        }
        falling = {place: slope for place, slope in slopes.items() if slope < -_ROUNDING * abs(self.losses[0])}
        return self.rates[min(falling, key=falling.__getitem__)] if falling else None


def _slope(losses: list[float]) -> float:
    """Of the line of least squares, from one update to the next."""
    middle = (len(losses) - 1) / 2
    spread = sum((place - middle) ** 2 for place in range(len(losses)))
    return sum((place - middle) * loss for place, loss in enumerate(losses)) / spread


def range_test(
    network: Network,
    criterion: Criterion,
    scores: Scores,
    data: Data,
    *,
    optimizer: OptimizerFactory,
    seed: int,
    accumulate: int = 1,
    clip: float | None = None,
    updates: int = UPDATES,
) -> RangeTest:
    """Train a network that is thrown away, from the lowest rate to the highest, or until the loss has left the ground.

    Args:
        updates: from the lowest rate to the highest.
    """
    made = optimizer(network.parameters())
    read = Carried(network.train())
    update = Update(
        network,
        criterion,
        scores,
        made,
        read=read,
        device=torch.device("cpu"),
        seed=seed,
        clip=clip,
        asked_to_stop=lambda: False,
    )
    rates: list[float] = []
    losses: list[float] = []
    for step, chunk in enumerate(_chunks(data, seed=seed, accumulate=accumulate, updates=updates)):
        rate = LOWEST * (HIGHEST / LOWEST) ** (step / max(updates - 1, 1))
        for parameters in made.param_groups:
            parameters["lr"] = rate
        ((group, weights),) = update.weighed(chunk)
        try:
            loss = update(group, weights, Sums(scores.zero()), step=step)
        except BadUpdate:
            break
        rates.append(rate)
        losses.append(loss)
        smoothed = RangeTest(rates, losses).smoothed
        if smoothed[-1] > _TOO_HIGH * min(smoothed) or not math.isfinite(smoothed[-1]):
            break
    return RangeTest(rates, losses)


def _chunks(data: Data, *, seed: int, accumulate: int, updates: int) -> Iterator[Chunk]:
    """A chunk for each of so many updates, over as many epochs as they take."""
    made = 0
    batches = data.training(seed=seed, accumulate=accumulate, chunk=1, total_steps=updates, position=lambda: made)
    while made < updates:
        for chunk in batches:
            yield chunk
            made += 1
