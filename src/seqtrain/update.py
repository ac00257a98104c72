"""One update: a group of batches forward and backward, and then one move of the optimizer."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from seqtrain.batch import Batch
from seqtrain.criteria import Criterion
from seqtrain.divergence import NotFinite
from seqtrain.loading.chunk import Chunk, Group
from seqtrain.metrics import Scores
from seqtrain.network import Network, reseed
from seqtrain.randomness import mix
from seqtrain.ranks import count, counted, rank, sum_gradients, summed
from seqtrain.sums import Sums

DROPOUT = 105  # keeps the key of a step's randomness apart from the other uses of the seed
_MOST_HELD = 1 << 22  # numbers of outputs that wait to be measured

Weights = tuple[list[Tensor], Tensor]


class Update:
    """Makes updates: the mean loss over everything scored in a group's batches, of all processes, gets smaller.

    Args:
        network: maps (inputs, lengths) to predictions.
        criterion: the task's loss, as a sum and a weight.
        scores: the task's metrics, as sums.
        optimizer: of the network's parameters.
        read: what the network predicts for a batch, given those before.
        device: where they are.
        seed: what dropout's randomness is keyed by, with the step.
        clip: largest norm of all gradients together, or None.
        asked_to_stop: whether this process was.
    """

    def __init__(
        self,
        network: Network,
        criterion: Criterion,
        scores: Scores,
        optimizer: Optimizer,
        *,
        read: Callable[[Batch], Tensor],
        device: torch.device,
        seed: int,
        clip: float | None,
        asked_to_stop: Callable[[], bool],
    ) -> None:
        self._network = network
        self._criterion = criterion
        self._scores = scores
        self._optimizer = optimizer
        self._read = read
        self._parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self._device = device
        self._seed = seed
        self._clip = clip
        self._asked_to_stop = asked_to_stop
        self._masks = (rank(),) if count() > 1 else ()  # dropout differs between processes
        self._found = torch.zeros(1, device=device)
        self._one = torch.ones(1, device=device)
        self._held: list[tuple[Tensor, Tensor, Tensor, Batch]] = []  # loss, weight, outputs and batch, to be measured
        self._loss = math.nan
        self.someone_asked = False  # one of several processes, as all of them learn with an update

    def weighed(self, chunk: Chunk) -> list[tuple[Group, Weights]]:
        """The chunk's groups, and what an update of each has to know; of several processes in one message."""
        groups = list(chunk)
        own = [[self._weight(batch) for batch in group] for group in groups]
        totals = summed(*[torch.stack(each).sum() if len(each) > 1 else each[0] for each in own])
        return list(zip(groups, zip(own, totals, strict=True), strict=True))

    def __call__(self, group: Group, weights: Weights, sums: Sums, *, step: int) -> float:
        """One update; the loss. Raises NotFinite before anything is touched by a number that is none.

        What is added to `sums` is there after `settle`.

        Args:
            weights: of the batches of this process; of all batches of all processes.
            sums: what the batches' loss and metrics are added to.
            step: updates made so far.
        """
        own, weight = weights
        loss, share = 0.0, 1 / weight.double()
        for part, batch in enumerate(group):
            reseed(self._device, mix(self._seed, DROPOUT, step, part, *self._masks))
            if batch.stands_in:
                self._stand_in(batch)
                continue
            outputs = self._read(batch)
            total = self._criterion(outputs, batch)
            value = float(total.detach())
            if not math.isfinite(value):
                raise NotFinite(f"the loss is {value}", part)
            loss += value
            total.backward(share.to(total.dtype))  # type: ignore[no-untyped-call]
            self._held.append((total.detach(), own[part], outputs.detach(), batch))
            if len(self._held) * outputs.numel() > _MOST_HELD:
                self.settle(sums)
        loss *= float(share)
        if count() > 1:
            loss, asked = sum_gradients(self._parameters, loss, float(self._asked_to_stop()))
            self.someone_asked = asked > 0
        self._move()
        self._loss = loss
        return loss

    def _weight(self, batch: Batch) -> Tensor:
        weight = self._criterion.weight(batch)
        return 0 * weight if batch.stands_in else weight

    def settle(self, sums: Sums) -> float:
        """Add what is held to the sums, batch by batch: with warm caches that is cheaper than between updates.

        The loss of the last update.
        """
        for loss, weight, outputs, batch in self._held:
            sums.add(loss, weight, self._scores.measure(outputs, batch))
        self._held.clear()
        return self._loss

    def _move(self) -> None:
        gradients = [parameter.grad for parameter in self._parameters if parameter.grad is not None]
        # A number that is none can leave the loss as it is and still be in the gradient, as where a gate saturates.
        torch._amp_foreach_non_finite_check_and_unscale_(gradients, self._found, self._one)
        if self._found.item():
            raise NotFinite("the gradient is not finite")
        if self._clip is not None:
            nn.utils.clip_grad_norm_(self._parameters, self._clip)
        self._optimizer.step()
        self._optimizer.zero_grad()

    def _stand_in(self, batch: Batch) -> None:
        """Take part in the other processes' sums, with nothing to add."""
        with counted(False):
            outputs = self._network(batch.inputs, batch.lengths)
            nothing = 0 * self._criterion(outputs, batch)
            nothing.backward()  # type: ignore[no-untyped-call]
