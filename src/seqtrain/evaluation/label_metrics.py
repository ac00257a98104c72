"""How well each of several labels is found."""

from dataclasses import dataclass

import torch
from torch import Tensor

from seqtrain.evaluation.outcomes import Outcomes
from seqtrain.evaluation.resampling import Estimate, Resampling, estimate, whole
from seqtrain.evaluation.shares import estimate_rates, estimate_share


@dataclass(frozen=True)
class LabelEvaluation:
    """What was found, for C labels."""

    metrics: dict[str, Estimate]  # loss, accuracy, exact_match, f1 (macro), f1_micro and average_precision (macro)
    per_label: dict[str, list[Estimate]]  # precision, recall, f1 and average_precision, C of each
    support: list[int]  # sequences that have the label
    counts: Tensor  # (3, C): sequences of which it is found rightly, that have it, of which it is predicted


def evaluate_labels(outcomes: Outcomes, resampling: Resampling) -> LabelEvaluation:
    """Metrics with intervals of labels that are predicted where they are more probable than not.

    accuracy, exact_match, f1 and f1_micro are those of `metrics.LabelScores`; average_precision is the mean over the
    labels that occur, of what scikit-learn calls so: the precision at each probability, weighted by the recall gained.
    """
    truth, probability = outcomes.truth > 0.5, outcomes.predicted  # (N, C), in the set's order
    labels = truth.shape[1]
    predicted = probability > 0.5
    exact = (truth == predicted).all(1, keepdim=True)
    sums = torch.cat([truth & predicted, truth, predicted, exact, torch.ones_like(exact)], dim=1).double()
    loss = torch.stack([outcomes.losses, outcomes.weights], dim=1)  # (N, 2)
    losses, here = resampling.sums(loss), whole(loss)[0]
    metrics = {"loss": estimate(float(here[0] / here[1]), losses[:, 0] / losses[:, 1])}
    found, drawn = _rates(whole(sums), labels), _rates(resampling.sums(sums), labels)
    ranked = AveragePrecision(probability, truth)
    found["precisions_by_rank"], drawn["precisions_by_rank"] = (
        ranked(sums.new_ones(1, len(sums))),
        resampling.over(ranked),
    )
    for rates in (found, drawn):
        rates["average_precision"] = rates["precisions_by_rank"].nanmean(1)
    for name in ("accuracy", "exact_match"):
        metrics[name] = estimate_share(float(found[name]), drawn[name], len(sums))
    for name in ("f1", "f1_micro", "average_precision"):
        metrics[name] = estimate(float(found[name]), drawn[name])
    support = truth.sum(0).tolist()
    by_rank = zip(found["precisions_by_rank"][0].tolist(), drawn["precisions_by_rank"].unbind(1), strict=True)
    return LabelEvaluation(
        metrics=metrics,
        per_label={
            **estimate_rates(found, drawn, support, predicted.sum(0).tolist()),
            "average_precision": [estimate(value, resampled) for value, resampled in by_rank],
        },
        support=support,
        counts=whole(sums)[0, : 3 * labels].view(3, labels).long(),
    )


class AveragePrecision:
    """The average precision of each label over weighted sequences: sum over k of (R_k - R_k-1) P_k, ties together.

    Called with how often each sequence counts (r, N), it gives (r, C); NaN where no sequence has the label.

    Args:
        scores: (N, C) higher for what is more likely there.
        there: (N, C) bool.
    """

    def __init__(self, scores: Tensor, there: Tensor) -> None:
        self._order = scores.argsort(dim=0, descending=True, stable=True)  # (N, C)
        ranked = scores.gather(0, self._order)
        self._there = there.gather(0, self._order)
        self._last = torch.ones_like(there)  # of those with one score
        self._last[:-1] = ranked[1:] != ranked[:-1]

    def __call__(self, counts: Tensor) -> Tensor:
        return torch.stack([self._of(counts, label) for label in range(self._order.shape[1])], dim=1)

    def _of(self, counts: Tensor, label: int) -> Tensor:
        weights = counts[:, self._order[:, label]]  # (r, N), the most probable first
        last = self._last[:, label]
        hits = (weights * self._there[:, label]).cumsum(1)
        seen, found = weights.cumsum(1)[:, last], hits[:, last]  # (r, groups of one score)
        gained = found.diff(dim=1, prepend=torch.zeros_like(found[:, :1]))
        return (gained * found / seen.clamp(min=1)).sum(1) / hits[:, -1]


def _rates(sums: Tensor, labels: int) -> dict[str, Tensor]:
    """Of sums (R, 3C + 2): (R,) over all, and (R, C) of each label."""
    hits, actual, predicted = sums[:, : 3 * labels].reshape(len(sums), 3, labels).unbind(1)  # (R, C) each
    exact, count = sums[:, -2], sums[:, -1]
    pairs = actual + predicted
    f1s = 2 * hits / pairs  # NaN for a label that is neither there nor predicted
    return {
        "accuracy": 1 - (pairs - 2 * hits).sum(1) / (count * labels),
        "exact_match": exact / count,
        "f1": f1s.nanmean(1).nan_to_num(1.0),
        "f1_micro": (2 * hits.sum(1) / pairs.sum(1)).nan_to_num(1.0),
        "precisions": hits / predicted,
        "recalls": hits / actual,
        "f1s": f1s,
    }
