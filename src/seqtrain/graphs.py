"""Which updates are made as CUDA graphs: those of whole batches, padded to one of a few lengths."""

import logging
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer  # AdamW is an Adam

from seqtrain.batch import Batch
from seqtrain.captured import Captured, MakeUpdate
from seqtrain.loading.chunk import Group
from seqtrain.sums import Sums

_log = logging.getLogger("seqtrain")
_LENGTHS = 16  # at most, so that few graphs serve all batches and little is padded


@dataclass(frozen=True)
class Alike:
    """What batches have in common.

    Args:
        sequences: in a batch.
        longest: steps of the longest sequence.
    """

    sequences: int
    longest: int

    def padded(self, steps: int) -> int:
        """The steps that a batch is padded to."""
        apart = -(-self.longest // _LENGTHS)
        return min(-(-steps // apart) * apart, self.longest)


class Graphs:
    """Updates as graphs, each captured when the first batch of its length comes.

    Where one cannot be captured that is told, and none is from then on.

    Args:
        make: makes an update of a batch; see `Captured`.
        network: whose weights it changes.
        optimizer: that makes its step.
        alike: what the batches have in common; None: no graph is wanted.
    """

    def __init__(self, make: MakeUpdate, network: nn.Module, optimizer: Optimizer, alike: Alike | None) -> None:
        self._make, self._network, self._optimizer = make, network, optimizer
        self._alike = alike
        self._captured: dict[int, Captured] = {}
        self._running: list[Tensor] = []
        self._settings: list[Any] = []
        self._pool: Any = None
        if alike is not None and not isinstance(optimizer, Adam):
            self._give_up(f"the step of {type(optimizer).__name__} cannot be captured")

    def of(self, group: Group, sums: Sums) -> Captured | None:
        """The graph that makes the update of a group, where there can be one.

        Capturing one uses random numbers: what an update draws is to be seeded afterwards.
        """
        alike = self._alike
        if alike is not None and self._captured and _recorded(self._optimizer) != self._settings:
            self._give_up("the schedule changes more than the learning rate")
            return None
        if alike is None or len(group) > 1 or len(group[0].inputs) != alike.sequences:
            return None
        steps = alike.padded(group[0].inputs.shape[1])
        if steps not in self._captured:
            try:
                self._captured[steps] = self._capture(group[0], sums, steps)
            except RuntimeError as error:  # the GPU's memory may also be too small
                self._optimizer.zero_grad()
                self._give_up((str(error).splitlines() or [type(error).__name__])[0])
                return None
        return self._captured[steps]

    def _capture(self, batch: Batch, sums: Sums, steps: int) -> Captured:
        device = batch.inputs.device
        self._settings = _recorded(self._optimizer)
        self._pool = self._pool or torch.cuda.graph_pool_handle()
        self._running = self._running or [part.to(device, copy=True) for part in (sums.loss, sums.weight, sums.scores)]
        return Captured(
            self._make,
            batch,
            running=self._running,
            steps=steps,
            network=self._network,
            optimizer=self._optimizer,
            pool=self._pool,
        )

    def _give_up(self, reason: str) -> None:
        _log.warning("updates are made without CUDA graphs: %s", reason)
        self._alike = None
        self._captured.clear()


def _recorded(optimizer: Optimizer) -> list[Any]:
    """The settings of a step that a graph has as numbers."""
    return [(group["betas"], group["eps"], group["weight_decay"]) for group in optimizer.param_groups]
