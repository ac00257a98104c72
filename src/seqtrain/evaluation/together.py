"""What several networks say together: the mean of their probabilities, or of their values."""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from seqtrain.batch import Batch, Spec
from seqtrain.criteria import Criterion
from seqtrain.evaluation.outcomes import Gathering, Outcomes, passed
from seqtrain.network import Network


def mean_output(outputs: Sequence[Tensor], spec: Spec) -> Tensor:
    """One output of the same shape from those of M networks.

    Log-probabilities (…, C) become those of the mean probability, values (…, D) their mean: a uniform mixture, as in
    Lakshminarayanan, Pritzel and Blundell (2017), "Simple and Scalable Predictive Uncertainty Estimation using Deep
    Ensembles", section 2.4.
    """
    stacked = torch.stack(list(outputs))  # (M, …)
    return stacked.logsumexp(0) - math.log(len(outputs)) if spec.classes else stacked.mean(0)


def outcomes_together(
    networks: Sequence[Network], criterion: Criterion, spec: Spec, batches: Iterable[Batch], count: int
) -> tuple[Outcomes, list[Outcomes]]:
    """Those of the mean of M networks and of each alone, in one pass over a set of `count` sequences."""
    together, *alone = (Gathering(criterion, spec, count) for _ in range(1 + len(networks)))
    for batch, outputs in passed(networks, batches):
        together.see(mean_output(outputs, spec), batch)
        for gathering, out in zip(alone, outputs, strict=True):
            gathering.see(out, batch)
    return together.outcomes(), [gathering.outcomes() for gathering in alone]


def outputs_together(
    networks: Sequence[Network], spec: Spec, batches: Iterable[Batch], wanted: Sequence[int]
) -> list[Tensor]:
    """The mean for some sequences of another such pass: (T, D) or (T, C), (D,) or (C,).

    All are passed over, since where a state is carried an answer depends on the windows before.
    """
    found: dict[int, Tensor] = {}
    for batch, outputs in passed(networks, batches):
        out = mean_output(outputs, spec)
        for row, index in enumerate(batch.indices.tolist()):
            if index in wanted:
                answer = out[row, : batch.lengths[row]] if spec.per_step else out[row]
                found[index] = answer.clone()  # a part would keep the whole batch's
    return [found[index] for index in wanted]
