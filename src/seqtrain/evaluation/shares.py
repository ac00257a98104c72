"""Intervals of shares, also of those in which nothing is wrong or nothing right: no bootstrap tells how sure these are.

They have the interval of Wilson (1927), "Probable inference, the law of succession, and statistical inference", with
sequences as what is independent: n of n right is at least n/(n + 3.84).
"""

from collections.abc import Mapping, Sequence

from torch import Tensor

from seqtrain.evaluation.resampling import Estimate, estimate

_SQUARE = 1.959964**2  # of the deviations within which 95% of a normal distribution lie


def estimate_share(value: float, resampled: Tensor, count: int) -> Estimate:
    """A share of the predictions of `count` sequences, with its (R,) resampled values."""
    if value not in (0, 1):
        return estimate(value, resampled)
    far = _SQUARE / (count + _SQUARE)
    return Estimate(value, 1 - far, 1.0) if value else Estimate(value, 0.0, far)


def estimate_f1(value: float, resampled: Tensor, count: int) -> Estimate:
    """The F1 score of a class that is true or predicted in `count` sequences.

    It is 2J/(1 + J) of the share J that is right among the predictions that are of the class or should be.
    """
    found = estimate_share(value, resampled, count)
    if value not in (0, 1):
        return found
    return Estimate(value, *(2 * bound / (1 + bound) for bound in (found.low, found.high)))


def estimate_rates(
    found: Mapping[str, Tensor], drawn: Mapping[str, Tensor], true: Sequence[int], predicted: Sequence[int]
) -> dict[str, list[Estimate]]:
    """Precision, recall and F1 of each class.

    Args:
        found: precisions, recalls and f1s of the set, (1, C) each.
        drawn: those of its resamples, (R, C) each.
        true, predicted: in how many sequences each class is so.
    """
    some = [max(pair) for pair in zip(true, predicted, strict=True)]  # at least; where all are right, exactly
    return {
        name: [of(float(found[rates][0, c]), drawn[rates][:, c], count) for c, count in enumerate(counts)]
        for name, rates, of, counts in (
            ("precision", "precisions", estimate_share, predicted),
            ("recall", "recalls", estimate_share, true),
            ("f1", "f1s", estimate_f1, some),
        )
    }
