"""What repeated runs say: a mean with its interval, and whether two groups differ by more than chance.

Why these. A few seeds make no normal distribution, so intervals and tests are Student's. The folds of a
cross-validation share most of their training sequences: their spread alone would make intervals too narrow and call
too much significant, which the correction of Nadeau and Bengio (2003, https://doi.org/10.1023/A:1024068626366) mends.
Wilcoxon's signed-rank test assumes no distribution, but cannot say less than p = 0.25 for 3 pairs and 0.002 for 10;
below ten pairs it could not stand a correction for several comparisons, so t is used there.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqtrain.comparison import student

CONFIDENCE = 0.95
_FEW = 10  # pairs, from which on Wilcoxon's test is used
_SAME = 1e-12  # differences that are as small beside the values are rounding


@dataclass(frozen=True)
class Estimate:
    """A mean over n values and half the width of its 95% interval, which one value does not have."""

    mean: float
    half: float | None
    n: int

    @property
    def low(self) -> float | None:
        return None if self.half is None else self.mean - self.half

    @property
    def high(self) -> float | None:
        return None if self.half is None else self.mean + self.half


@dataclass(frozen=True)
class Paired:
    """A paired comparison with the best. `p` is None where nothing can be said; `holm` is corrected for several."""

    name: str
    pairs: int
    difference: float  # mean over the pairs, this less the best
    p: float | None
    holm: float | None = None


def estimate(values: Sequence[float], folds: int | None = None) -> Estimate:
    """Mean and interval of the values of n seeds, or of n of `folds` folds."""
    array = np.asarray(values, dtype=np.float64)
    n = len(array)
    if n < 2:
        return Estimate(float(array.mean()), None, n)
    error = float(array.std(ddof=1)) * math.sqrt(1 / n + _shared(folds))
    return Estimate(float(array.mean()), student.quantile(CONFIDENCE, n - 1) * error, n)


def paired_test(best: Mapping[object, float], other: Mapping[object, float], folds: int | None = None) -> Paired | None:
    """Whether two groups differ, over the seeds (or folds) that both have. None: they share fewer than two.

    Two-sided. `p` is None where all pairs differ by the same, which has no spread to compare with.
    """
    common = [key for key in best if key in other]
    if len(common) < 2:
        return None
    left, right = (np.array([values[key] for key in common], dtype=np.float64) for values in (best, other))
    difference = float((right - left).mean())
    scale = max(float(np.abs([left, right]).max()), np.finfo(np.float64).tiny)
    differences: NDArray[np.float64] = np.round((right - left) / scale, round(-math.log10(_SAME)))
    if folds is not None:
        return Paired("corrected t", len(common), difference, _t(differences, _shared(folds)))
    if len(common) < _FEW:
        return Paired("paired t", len(common), difference, _t(differences, 0.0))
    return Paired("Wilcoxon", len(common), difference, signed_rank(differences))


def signed_rank(differences: NDArray[np.float64]) -> float:
    """The two-sided p of Wilcoxon's signed-rank test, exact with ties too; differences of zero are left out.

    Under the null each rank counts with probability one half: the distribution of their sum is built rank by rank.
    """
    kept = differences[differences != 0]
    sizes = np.abs(kept)
    # twice the mid-ranks of equal sizes, so that they are whole
    ranks = (sizes[:, None] > sizes).sum(1) + (sizes[:, None] >= sizes).sum(1) + 1
    chances = np.zeros(int(ranks.sum()) + 1)
    chances[0] = 1.0
    for rank in ranks:
        chances = (chances + np.concatenate([np.zeros(rank), chances[:-rank]])) / 2
    positive = int(ranks[kept > 0].sum())
    return min(1.0, 2 * float(min(chances[: positive + 1].sum(), chances[positive:].sum())))


def holm(p: Sequence[float]) -> list[float]:
    """Corrected for several comparisons: Holm (1979), which needs no independence."""
    corrected = [0.0] * len(p)
    largest = 0.0
    for place, index in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        largest = max(largest, min(1.0, (len(p) - place) * p[index]))
        corrected[index] = largest
    return corrected


def _t(differences: NDArray[np.float64], shared: float) -> float | None:
    n = len(differences)
    if not differences.any():
        return 1.0
    spread = float(differences.std(ddof=1))
    if spread <= _SAME:
        return None
    return student.two_sided(float(differences.mean()) / (spread * math.sqrt(1 / n + shared)), n - 1)


def _shared(folds: int | None) -> float:
    """Sequences tested on for each trained on, in k folds: 1 / (k - 1)."""
    return 0.0 if folds is None else 1 / (folds - 1)
