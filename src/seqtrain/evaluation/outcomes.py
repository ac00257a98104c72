"""What a network made of every sequence of a set: its loss, and each scored prediction beside the truth.

The letters: N sequences, E scored predictions (steps, or one for each sequence), C classes, D values.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from seqtrain.batch import Batch, Spec
from seqtrain.carried import Carried
from seqtrain.criteria import Criterion
from seqtrain.network import Network


@dataclass(frozen=True)
class Outcomes:
    """All that metrics, calibration and the worst examples need; a set larger than memory leaves this much."""

    losses: Tensor  # (N,) float64: the sum of each sequence's losses
    weights: Tensor  # (N,) float64: what a sum of losses is divided by
    owner: Tensor  # (E,) int64: which sequence a prediction belongs to, in ascending order
    truth: Tensor  # (E,) int64 classes, (E, D) float64, or (E, C) float64, 1 for a label that is there
    predicted: Tensor  # (E,) int64 classes, (E, D) float64, or the probabilities (E, C) float64 of labels
    probability: Tensor | None = None  # (E,) float64: of the predicted class; None where values are predicted
    second: Tensor | None = None  # (E,) float64: of the second class, only where there are two

    def __len__(self) -> int:
        return len(self.losses)

    @property
    def mean_losses(self) -> Tensor:
        """(N,) float64: the loss of each sequence alone; 0 where nothing of it is scored."""
        return torch.where(self.weights > 0, self.losses / self.weights, 0.0)


@torch.no_grad()
def outcomes_of(network: Network, criterion: Criterion, spec: Spec, batches: Iterable[Batch], count: int) -> Outcomes:
    """Pass over a set of `count` sequences once, in evaluation mode; `batches` say which they hold by `indices`."""
    losses, weights = (torch.zeros(count, dtype=torch.float64) for _ in range(2))
    parts: list[tuple[Tensor, ...]] = []
    for batch, out in _passed(network, batches):
        for row, index in enumerate(batch.indices.tolist()):
            alone = _row(batch, row)
            losses[index] = criterion(out[row : row + 1], alone)
            weights[index] = criterion.weight(alone)
        parts.append(_scored(out, batch, spec))
    owner, *rest = (torch.cat(each) for each in zip(*parts, strict=True))
    order = owner.argsort(stable=True)
    return Outcomes(losses, weights, owner[order], *(each[order] for each in rest))


@torch.no_grad()
def outputs_of(network: Network, spec: Spec, batches: Iterable[Batch], wanted: list[int]) -> list[Tensor]:
    """What the network puts out for some sequences in another such pass, (T, D) or (T, C), (D,) or (C,).

    All are passed over, since where a state is carried an answer depends on the windows before.
    """
    found: dict[int, Tensor] = {}
    for batch, out in _passed(network, batches):
        for row, index in enumerate(batch.indices.tolist()):
            if index in wanted:
                found[index] = out[row, : batch.lengths[row]] if spec.per_step else out[row]
    return [found[index] for index in wanted]


def _passed(network: Network, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Tensor]]:
    """Batches and what the network puts out for them, on the CPU."""
    network.eval()
    parameter = next(network.parameters(), torch.zeros(()))
    read = Carried(network)
    for batch in batches:
        there = batch._replace(inputs=batch.inputs.to(parameter), lengths=batch.lengths.to(parameter.device))
        yield batch, read(there).cpu()


def _row(batch: Batch, row: int) -> Batch:
    """One sequence of a batch, with the batch's padding."""
    only = slice(row, row + 1)
    scored = batch.scored[only] if batch.scored is not None else None
    return Batch(batch.inputs[only], batch.lengths[only], batch.targets[only], scored, batch.indices[only])


def _scored(out: Tensor, batch: Batch, spec: Spec) -> tuple[Tensor, ...]:
    """Owner, truth, prediction and, of classes, probabilities of whatever counts."""
    targets = batch.targets
    owner = batch.indices
    if batch.scored is not None:
        owner = owner[:, None].expand_as(batch.scored)[batch.scored]
        out, targets = out[batch.scored], targets[batch.scored]
    if not spec.classes:
        return owner, targets.double(), out.double()
    if spec.predicts == "labels":
        return owner, targets.double(), out.double().exp()
    best, predicted = out.double().max(-1)
    found = (owner, targets, predicted, best.exp())
    return (*found, out[:, 1].double().exp()) if spec.width == 2 else found
