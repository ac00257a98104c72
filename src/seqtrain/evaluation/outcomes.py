"""What a network made of every sequence of a set: its loss, and each scored prediction beside the truth.

The letters: N sequences, E scored predictions (steps, or one for each sequence), C classes, D values.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seqtrain.batch import Batch, Spec
from seqtrain.carried import Carried
from seqtrain.criteria import Criterion
from seqtrain.heap import give_back
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


class Gathering:
    """Outcomes as they are found, batch by batch, in any order.

    Args:
        criterion: the loss of each sequence.
        spec: of the network's data.
        count: sequences of the set, N.
    """

    def __init__(self, criterion: Criterion, spec: Spec, count: int) -> None:
        self._criterion, self._spec = criterion, spec
        self._losses, self._weights = (torch.zeros(count, dtype=torch.float64) for _ in range(2))
        self._parts: list[tuple[Tensor, ...]] = []

    def see(self, out: Tensor, batch: Batch) -> None:
        """Take what was put out for a batch, which says by `indices` which sequences it holds."""
        for row, index in enumerate(batch.indices.tolist()):
            alone = _row(batch, row)
            self._losses[index] = self._criterion(out[row : row + 1], alone)
            self._weights[index] = self._criterion.weight(alone)
        self._parts.append(_scored(out, batch, self._spec))

    def outcomes(self) -> Outcomes:
        owner, *rest = (torch.cat(each) for each in zip(*self._parts, strict=True))
        order = owner.argsort(stable=True)
        return Outcomes(self._losses, self._weights, owner[order], *(each[order] for each in rest))


@torch.no_grad()
def outcomes_of(network: Network, criterion: Criterion, spec: Spec, batches: Iterable[Batch], count: int) -> Outcomes:
    """Pass over a set of `count` sequences once, in evaluation mode; `batches` say which they hold by `indices`."""
    gathering = Gathering(criterion, spec, count)
    for batch, (out,) in passed([network], batches):
        gathering.see(out, batch)
    return gathering.outcomes()


_KEPT = 32  # batches for which freed memory is kept


@torch.no_grad()
def passed(networks: Sequence[Network], batches: Iterable[Batch]) -> Iterator[tuple[Batch, list[Tensor]]]:
    """Batches and what each of some networks puts out for them in evaluation mode, on the CPU."""
    reads = [Carried(network.eval()) for network in networks]
    places = [next(network.parameters(), torch.zeros(())) for network in networks]
    for number, batch in enumerate(batches, start=1):
        if number % _KEPT == 0:
            give_back()
        yield batch, [read(_to(place, batch)).cpu() for read, place in zip(reads, places, strict=True)]


def _to(place: Tensor, batch: Batch) -> Batch:
    return batch._replace(inputs=batch.inputs.to(place), lengths=batch.lengths.to(place.device))


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
