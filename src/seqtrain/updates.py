"""What every way of making updates has in common: the parts of an update, its randomness, what ends a training."""

import math
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from seqtrain.batch import Batch
from seqtrain.criteria import Criterion
from seqtrain.divergence import BadUpdate
from seqtrain.metrics import Scores
from seqtrain.network import Network, reseed
from seqtrain.randomness import mix

DROPOUT = 105  # keeps the key of a step's randomness apart from the other uses of the seed


@dataclass(eq=False, repr=False)
class Updates:
    """Makes updates: the mean loss over everything scored in a group's batches gets smaller.

    Args:
        network: maps (inputs, lengths) to predictions.
        criterion: the task's loss, as a sum and a weight.
        scores: the task's metrics, as sums.
        optimizer: of the network's parameters.
        read: what the network predicts for a batch, given those before.
        device: where they are.
        seed: what dropout's randomness is keyed by, with the step.
        clip: largest norm of all gradients together, or None.
        most_loss: the mean loss above which a training has exploded.
    """

    network: Network
    criterion: Criterion
    scores: Scores
    optimizer: Optimizer
    _: KW_ONLY
    read: Callable[[Batch], Tensor]
    device: torch.device
    seed: int
    clip: float | None
    most_loss: float = math.inf

    def __post_init__(self) -> None:
        self.someone_asked = False  # one of several processes, as all of them learn with an update
        self._parameters = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        self._one = torch.ones(1, device=self.device)

    def _reseed(self, step: int, part: int, *more: int) -> None:
        reseed(self.device, mix(self.seed, DROPOUT, step, part, *more))

    def _check_loss(self, loss: float, *, update: int = 0) -> None:
        """BadUpdate where the mean loss of an update is not finite, or larger than any that can be learnt from."""
        if not math.isfinite(loss) or loss > self.most_loss:
            raise BadUpdate(f"the loss is {loss:.3g}", update=update)

    def _look_at_gradient(self, found: Tensor) -> None:
        """Make `found` (1,) one where the gradient is not finite: beside a finite loss too, where a gate saturates."""
        gradients = [parameter.grad for parameter in self._parameters if parameter.grad is not None]
        torch._amp_foreach_non_finite_check_and_unscale_(gradients, found, self._one)

    def _step(self) -> None:
        if self.clip is not None:
            nn.utils.clip_grad_norm_(self._parameters, self.clip)
        self.optimizer.step()
        for parameter in self._parameters:  # as zero_grad does, which takes ten times as long to get there
            parameter.grad = None
