"""Updates on a GPU: asked for one after another, and waited for only when a chunk is done."""

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass

import torch
from torch import Tensor

from seqtrain.batch import Batch
from seqtrain.divergence import BadUpdate
from seqtrain.graphs import Alike, Graphs
from seqtrain.loading.chunk import Chunk, Group
from seqtrain.suited import Rates
from seqtrain.sums import Sums
from seqtrain.updates import Updates


@dataclass(eq=False, repr=False)
class QueuedUpdates(Updates):
    """Makes the updates that `Update` makes, of one process, with nothing in them that waits for the GPU.

    A number that is not finite, or a loss that has exploded, is found when the chunk is done, before anything of it
    can be saved.

    Args:
        alike: what whole batches have in common, where their updates are to be CUDA graphs.
    """

    _: KW_ONLY
    alike: Alike | None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._rates = Rates(self.optimizer, self.device)
        self._graphs = Graphs(self._alone, self.network, self.optimizer, self.alike)
        self._told: list[Tensor] = []  # (2,) the loss, and whether the gradient is not finite; since the last wait

    def weighed(self, chunk: Chunk) -> Iterator[tuple[Group, None]]:
        """The chunk's groups, each read while the GPU is at the one before; an update weighs its own batches."""
        return ((group, None) for group in chunk)

    def __call__(self, group: Group, _: None, sums: Sums, *, step: int) -> Tensor:
        """Asks for an update; the loss that it will have."""
        self._rates.refresh()
        graph = self._graphs.of(group, sums)
        if graph is None:
            told = self._eager(group, sums, step)
        else:
            self._reseed(step, 0)
            told = graph(group[0], sums)
        self._told.append(told)
        return told[0]

    def settle(self, sums: Sums) -> float:
        """Wait for the GPU; the loss of the last update. Raises BadUpdate for the first that was none."""
        told = torch.stack(self._told).tolist()
        self._told.clear()
        for update, (loss, found) in enumerate(told):
            self._check_loss(loss, update=update)
            if found:
                raise BadUpdate("the gradient is not finite", update=update)
        return float(told[-1][0])

    def _eager(self, group: Group, sums: Sums, step: int) -> Tensor:
        weights = [self.criterion.weight(batch) for batch in group]
        share = 1 / (torch.stack(weights).sum() if len(weights) > 1 else weights[0]).double()
        losses = []
        for part, batch in enumerate(group):
            self._reseed(step, part)
            losses.append(self._learn(batch, weights[part], share, sums))
        return self._move(sum(losses[1:], losses[0]))

    def _alone(self, batch: Batch, sums: Sums) -> Tensor:
        """An update of one batch, all of it on the GPU; the seed is another's business."""
        weight = self.criterion.weight(batch)
        return self._move(self._learn(batch, weight, 1 / weight.double(), sums))

    def _learn(self, batch: Batch, weight: Tensor, share: Tensor, sums: Sums) -> Tensor:
        outputs = self.read(batch)
        total = self.criterion(outputs, batch)
        total.backward(share.to(total.dtype))  # type: ignore[no-untyped-call]
        sums.add(total.detach(), weight, self.scores.measure(outputs.detach(), batch))
        return total.detach() * share

    def _move(self, loss: Tensor) -> Tensor:
        found = torch.zeros_like(self._one)
        self._look_at_gradient(found)
        with self._rates.read():
            self._step()
        return torch.stack((loss, found[0]))
