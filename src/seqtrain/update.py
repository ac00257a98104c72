"""One update: a group of batches forward and backward, and then one move of the optimizer."""

import math
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass

import torch
from torch import Tensor

from seqtrain.batch import Batch
from seqtrain.divergence import BadUpdate
from seqtrain.loading.chunk import Chunk, Group
from seqtrain.ranks import count, counted, rank, sum_gradients, summed
from seqtrain.sums import Sums
from seqtrain.updates import Updates

_MOST_HELD = 1 << 22  # numbers of outputs that wait to be measured

Weights = tuple[list[Tensor], Tensor]


@dataclass(eq=False, repr=False)
class Update(Updates):
    """Makes updates that are waited for, of one process or of several that learn of each other with each.

    Args:
        asked_to_stop: whether this process was.
    """

    _: KW_ONLY
    asked_to_stop: Callable[[], bool]

    def __post_init__(self) -> None:
        super().__post_init__()
        self._masks = (rank(),) if count() > 1 else ()  # dropout differs between processes
        self._found = torch.zeros(1, device=self.device)
        self._held: list[tuple[Tensor, Tensor, Tensor, Batch]] = []  # loss, weight, outputs and batch, to be measured
        self._loss = math.nan

    def weighed(self, chunk: Chunk) -> list[tuple[Group, Weights]]:
        """The chunk's groups, and what an update of each has to know; of several processes in one message."""
        groups = list(chunk)
        own = [[self._weight(batch) for batch in group] for group in groups]
        totals = summed(*[torch.stack(each).sum() if len(each) > 1 else each[0] for each in own])
        return list(zip(groups, zip(own, totals, strict=True), strict=True))

    def __call__(self, group: Group, weights: Weights, sums: Sums, *, step: int) -> float:
        """One update; the loss. Raises BadUpdate before it, where a number is none or the loss has exploded.

        What is added to `sums` is there after `settle`.

        Args:
            weights: of the batches of this process; of all batches of all processes.
            sums: what the batches' loss and metrics are added to.
            step: updates made so far.
        """
        own, weight = weights
        loss, share = 0.0, 1 / weight.double()
        for part, batch in enumerate(group):
            self._reseed(step, part, *self._masks)
            if batch.stands_in:
                self._stand_in(batch)
                continue
            outputs = self.read(batch)
            total = self.criterion(outputs, batch)
            value = float(total.detach())
            if not math.isfinite(value):
                raise BadUpdate(f"the loss is {value}", part)
            loss += value
            total.backward(share.to(total.dtype))  # type: ignore[no-untyped-call]
            self._held.append((total.detach(), own[part], outputs.detach(), batch))
            if len(self._held) * outputs.numel() > _MOST_HELD:
                self.settle(sums)
        loss *= float(share)
        if count() > 1:
            loss, asked = sum_gradients(self._parameters, loss, float(self.asked_to_stop()))
            self.someone_asked = asked > 0
        self._check_loss(loss)
        self._look_at_gradient(self._found)
        if self._found.item():
            raise BadUpdate("the gradient is not finite")
        self._step()
        self._loss = loss
        return loss

    def _weight(self, batch: Batch) -> Tensor:
        weight = self.criterion.weight(batch)
        return 0 * weight if batch.stands_in else weight

    def settle(self, sums: Sums) -> float:
        """Add what is held to the sums, batch by batch: with warm caches that is cheaper than between updates.

        The loss of the last update.
        """
        for loss, weight, outputs, batch in self._held:
            sums.add(loss, weight, self.scores.measure(outputs, batch))
        self._held.clear()
        return self._loss

    def _stand_in(self, batch: Batch) -> None:
        """Take part in the other processes' sums, with nothing to add."""
        with counted(False):
            outputs = self.network(batch.inputs, batch.lengths)
            nothing = 0 * self.criterion(outputs, batch)
            nothing.backward()  # type: ignore[no-untyped-call]
