"""Bootstrap intervals: what a metric would be on other test sets, found by drawing sequences with replacement.

The percentile method of Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13. Where all draws are
alike, as where nothing is wrong, they tell nothing of other sets; `shares` says what is known of a share then.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from seqtrain.randomness import generator

_AT_ONCE = 2_000_000  # counts held at a time


class Estimate(NamedTuple):
    """A metric with its 95% interval, NaN where it is not known."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Resampling:
    """Draws of whole sequences, since the steps of one are no independent observations.

    Args:
        count: sequences of the set, N.
        resamples: how often N of them are drawn, R.
        seed: the draws are a function of it and of the set's size.
    """

    count: int
    resamples: int = 1000
    seed: int = 0

    def sums(self, parts: Tensor) -> Tensor:
        """What sums over the set are in each resample: (N, K) float64, dense or sparse, -> (R, K)."""
        # the transpose, since torch multiplies a sparse matrix from the left
        return self.over(lambda counts: torch.mm(parts.t(), counts.t()).t())

    def over(self, statistic: Callable[[Tensor], Tensor]) -> Tensor:
        """A statistic of each resample: given how often each sequence was drawn (r, N), it gives (r, …) -> (R, …)."""
        return torch.cat([statistic(counts) for counts in self._draws()])

    def _draws(self) -> Iterator[Tensor]:
        random = generator(self.seed, self.count)
        step = max(1, _AT_ONCE // self.count)
        for start in range(0, self.resamples, step):
            rows = min(step, self.resamples - start)
            drawn = torch.randint(self.count, (rows, self.count), generator=random)
            counts = torch.zeros(rows, self.count, dtype=torch.float64)
            yield counts.scatter_add_(1, drawn, torch.ones((), dtype=torch.float64).expand_as(drawn))


def estimate(value: float, resampled: Tensor) -> Estimate:
    """The value with the middle 95% of its (R,) resampled ones; those that are undefined (NaN) are left out."""
    known = resampled[resampled.isfinite()]
    if len(known) == 0 or bool((known == value).all()):
        return Estimate(value, math.nan, math.nan)
    low, high = torch.quantile(known, torch.tensor([0.025, 0.975], dtype=known.dtype)).tolist()
    return Estimate(value, low, high)


def whole(parts: Tensor) -> Tensor:
    """The sums of the set itself, as one resample: (N, K) -> (1, K)."""
    ones = torch.ones(1, parts.shape[0], dtype=parts.dtype)
    return torch.mm(parts.t(), ones.t()).t()
