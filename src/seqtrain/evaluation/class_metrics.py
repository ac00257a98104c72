"""How well classes are told apart, and whether probabilities mean what they say."""

from dataclasses import dataclass

import torch
from torch import Tensor

from seqtrain.evaluation.outcomes import Outcomes
from seqtrain.evaluation.resampling import Estimate, Resampling, estimate, whole
from seqtrain.evaluation.shares import estimate_rates, estimate_share

BINS = 15  # of the probability of the predicted class, equally wide


@dataclass(frozen=True)
class ClassEvaluation:
    """What was found, for C classes."""

    metrics: dict[str, Estimate]  # loss, accuracy, f1 (macro), calibration_error and, of two classes, auroc
    per_class: dict[str, list[Estimate]]  # precision, recall and f1, C of each
    support: list[int]  # scored predictions whose true class this is
    confusion: Tensor  # (C, C) int64, true class by predicted class
    reliability: Tensor  # (BINS, 3): predictions in the bin, sum of their probabilities, right ones among them


def evaluate_classes(outcomes: Outcomes, classes: int, resampling: Resampling) -> ClassEvaluation:
    """Metrics with intervals of scored class predictions.

    accuracy is the share that is right; f1 is the mean over the classes that occur or were predicted;
    calibration_error is that of Guo et al. (2017, https://arxiv.org/abs/1706.04599): the distance between
    probability and share of right ones, weighted over 15 bins; auroc, where there are two classes, is the chance
    that one of the second class gets the higher probability of being of it.
    """
    assert outcomes.probability is not None
    owner, truth, predicted = outcomes.owner, outcomes.truth, outcomes.predicted
    right = truth == predicted
    bins = (outcomes.probability * BINS).ceil().long().clamp(1, BINS) - 1  # (E,): as (0, 1/15], (1/15, 2/15], …

    ones = torch.ones(len(owner), dtype=torch.float64)
    loss = torch.stack([outcomes.losses, outcomes.weights], dim=1)  # (N, 2)
    counted = _placed(
        len(outcomes), 3 * classes, owner.repeat(3), torch.cat([truth, classes + truth, 2 * classes + predicted]),
        torch.cat([right.double(), ones, ones]),
    )  # fmt: skip
    calibrated = _placed(
        len(outcomes), 3 * BINS, owner.repeat(3), torch.cat([bins, BINS + bins, 2 * BINS + bins]),
        torch.cat([ones, outcomes.probability, right.double()]),
    )  # fmt: skip
    metrics = {"loss": estimate(float(_ratio(whole(loss))), _ratio(resampling.sums(loss)))}
    found, drawn = _rates(whole(counted)), _rates(resampling.sums(counted))
    scored = int((outcomes.weights > 0).sum())
    metrics["accuracy"] = estimate_share(float(found["accuracy"]), drawn["accuracy"], scored)
    metrics["f1"] = estimate(float(found["f1"]), drawn["f1"])
    here = whole(calibrated)
    metrics["calibration_error"] = estimate(float(_calibration(here)), _calibration(resampling.sums(calibrated)))
    if outcomes.second is not None:
        auroc = Auroc(outcomes.second, truth == 1, owner)
        value = float(auroc(torch.ones(1, len(outcomes), dtype=torch.float64)))
        metrics["auroc"] = estimate(value, resampling.over(auroc))
    _, true, guessed = torch.bincount(counted.indices()[1], minlength=3 * classes).view(3, classes).tolist()
    return ClassEvaluation(
        metrics=metrics,
        per_class=estimate_rates(found, drawn, true, guessed),
        support=torch.bincount(truth, minlength=classes).tolist(),
        confusion=torch.bincount(truth * classes + predicted, minlength=classes**2).view(classes, classes),
        reliability=here.view(3, BINS).t(),
    )


class Auroc:
    """The area under the ROC curve of weighted predictions, ties counted half (Mann and Whitney 1947).

    Called with how often each sequence counts (r, N), it gives (r,); NaN where one of the classes is not there.

    Args:
        scores: (E,) higher for what is more likely positive.
        positive: (E,) bool.
        owner: (E,) the sequence of each.
    """

    def __init__(self, scores: Tensor, positive: Tensor, owner: Tensor) -> None:
        order = scores.argsort()
        self._positive, self._owner = positive[order], owner[order]
        self._tied = torch.unique_consecutive(scores[order], return_inverse=True)[1]  # (E,) 0, 1, 2, … by score

    def __call__(self, counts: Tensor) -> Tensor:
        return torch.cat([self._areas(some) for some in torch.split(counts, max(1, 2_000_000 // len(self._owner)))])

    def _areas(self, counts: Tensor) -> Tensor:
        weights = counts[:, self._owner]  # (r, E)
        groups = torch.zeros(len(counts), int(self._tied[-1]) + 1, dtype=torch.float64)
        where = self._tied.expand_as(weights)
        positive = groups.scatter_add(1, where, weights * self._positive)
        negative = groups.scatter_add(1, where, weights * ~self._positive)
        below = negative.cumsum(1) - negative / 2  # (r, groups)
        return (positive * below).sum(1) / (positive.sum(1) * negative.sum(1))


def _placed(rows: int, columns: int, row: Tensor, column: Tensor, values: Tensor) -> Tensor:
    """A sparse (rows, columns) matrix with these values added in these places."""
    return torch.sparse_coo_tensor(
        torch.stack([row, column]), values, (rows, columns), check_invariants=True
    ).coalesce()


def _ratio(sums: Tensor) -> Tensor:
    return sums[:, 0] / sums[:, 1]


def _rates(sums: Tensor) -> dict[str, Tensor]:
    """Of hits, true and predicted numbers of each class (R, 3C): (R,) over all, and (R, C) of each class."""
    hits, actual, predicted = sums.reshape(len(sums), 3, -1).unbind(1)  # (R, C) each
    f1s = 2 * hits / (actual + predicted)  # NaN for a class that is neither there nor predicted
    return {
        "accuracy": hits.sum(1) / actual.sum(1),
        "f1": f1s.nanmean(1),
        "precisions": hits / predicted,
        "recalls": hits / actual,
        "f1s": f1s,
    }


def _calibration(sums: Tensor) -> Tensor:
    count, said, right = sums.reshape(len(sums), 3, BINS).unbind(1)  # (R, BINS) each
    return (said - right).abs().sum(1) / count.sum(1)
