"""Updates on a GPU: asked for one after another, and waited for only when a chunk is done."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from seqtrain.batch import Batch
from seqtrain.criteria import Criterion
from seqtrain.divergence import NotFinite
from seqtrain.graphs import Alike, Graphs
from seqtrain.loading.chunk import Chunk, Group
from seqtrain.metrics import Scores
from seqtrain.network import Network, reseed
from seqtrain.randomness import mix
from seqtrain.suited import Rates
from seqtrain.sums import Sums
from seqtrain.update import DROPOUT


class QueuedUpdates:
    """Makes the updates that `Update` makes, of one process, with nothing in them that waits for the GPU.

    A number that is not finite is found when the chunk is done, before anything of it can be saved.

    Args:
        network: maps (inputs, lengths) to predictions.
        criterion: the task's loss, as a sum and a weight.
        scores: the task's metrics, as sums.
        optimizer: of the network's parameters.
        read: what the network predicts for a batch, given those before.
        device: the GPU.
        seed: what dropout's randomness is keyed by, with the step.
        clip: largest norm of all gradients together, or None.
        alike: what whole batches have in common, where their updates are to be CUDA graphs.
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
        alike: Alike | None,
    ) -> None:
        self._read = read
        self._criterion = criterion
        self._scores = scores
        self._optimizer = optimizer
        self._parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self._device = device
        self._seed = seed
        self._clip = clip
        self._rates = Rates(optimizer, device)
        self._graphs = Graphs(self._alone, network, optimizer, alike)
        self._one = torch.ones(1, device=device)
        self._told: list[Tensor] = []  # (2,) the loss, and whether the gradient is not finite; since the last wait
        self.someone_asked = False

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
        """Wait for the GPU; the loss of the last update. Raises NotFinite for the first that is no number."""
        told = torch.stack(self._told).tolist()
        self._told.clear()
        for update, (loss, found) in enumerate(told):
            if not math.isfinite(loss):
                raise NotFinite(f"the loss is {loss}", update=update)
            if found:
                raise NotFinite("the gradient is not finite", update=update)
        return float(told[-1][0])

    def _eager(self, group: Group, sums: Sums, step: int) -> Tensor:
        weights = [self._criterion.weight(batch) for batch in group]
        share = 1 / (torch.stack(weights).sum() if len(weights) > 1 else weights[0]).double()
        losses = []
        for part, batch in enumerate(group):
            self._reseed(step, part)
            losses.append(self._learn(batch, weights[part], share, sums))
        return self._move(sum(losses[1:], losses[0]))

    def _alone(self, batch: Batch, sums: Sums) -> Tensor:
        """An update of one batch, all of it on the GPU; the seed is another's business."""
        weight = self._criterion.weight(batch)
        return self._move(self._learn(batch, weight, 1 / weight.double(), sums))

    def _learn(self, batch: Batch, weight: Tensor, share: Tensor, sums: Sums) -> Tensor:
        outputs = self._read(batch)
        total = self._criterion(outputs, batch)
        total.backward(share.to(total.dtype))  # type: ignore[no-untyped-call]
        sums.add(total.detach(), weight, self._scores.measure(outputs.detach(), batch))
        return total.detach() * share

    def _move(self, loss: Tensor) -> Tensor:
        gradients = [parameter.grad for parameter in self._parameters if parameter.grad is not None]
        found = torch.zeros_like(self._one)
        torch._amp_foreach_non_finite_check_and_unscale_(gradients, found, self._one)
        if self._clip is not None:
            nn.utils.clip_grad_norm_(self._parameters, self._clip)
        with self._rates.read():
            self._optimizer.step()
        self._optimizer.zero_grad()
        return torch.stack((loss, found[0]))

    def _reseed(self, step: int, part: int) -> None:
        reseed(self._device, mix(self._seed, DROPOUT, step, part))
