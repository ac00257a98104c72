"""One update as a CUDA graph: what it asks of the GPU is recorded once, and then asked for by a single call."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from seqtrain.batch import Batch
from seqtrain.sums import Sums

_WARM_UP = 3  # updates before the recording, in which cuDNN and cuBLAS make their choices

MakeUpdate = Callable[[Batch, Sums], Tensor]


class Captured:
    """An update of one batch, for every batch as large that is no longer.

    Weights, optimizer and sums are as if nothing had been tried out. The random numbers of an update are those of the
    seed that the GPU's generator has when it is made, as they are without a graph.

    Raises RuntimeError where something in the update waits for the GPU.

    Args:
        make: makes an update of a batch, adds to the sums, and gives a tensor; it puts new tensors into the sums.
        batch: one to try it with.
        running: a tensor for each of the sums, on the GPU, that graphs add to; `sums` are made to be these.
        steps: those that every batch is padded to.
        network: whose weights and buffers an update changes.
        optimizer: that makes its step.
        pool: of memory, which graphs share that are never at work together.
    """

    def __init__(
        self,
        make: MakeUpdate,
        batch: Batch,
        *,
        running: Sequence[Tensor],
        steps: int,
        network: nn.Module,
        optimizer: Optimizer,
        pool: Any,
    ) -> None:
        self._steps = steps
        self._batch = _room_for(batch, steps)
        self._running = running
        self._graph = torch.cuda.CUDAGraph()
        self._fill(batch)
        with _undone(network, optimizer, running):
            self._warm_up(make)
        with _recordable(optimizer), torch.cuda.graph(self._graph, pool, capture_error_mode="thread_local"):
            self._told = self._once(make)

    def __call__(self, batch: Batch, sums: Sums) -> Tensor:
        """Asks for an update; what `make` would have given."""
        if sums.loss is not self._running[0]:  # a new epoch's, or an update was made without this graph
            for mine, part in zip(self._running, (sums.loss, sums.weight, sums.scores), strict=True):
                mine.copy_(part, non_blocking=True)
            sums.loss, sums.weight, sums.scores = self._running
        self._fill(batch)
        self._graph.replay()
        return self._told.clone()

    def _fill(self, batch: Batch) -> None:
        steps = batch.inputs.shape[1]
        for part, mine in zip(batch[:4], self._batch, strict=False):  # nothing of the GPU's work reads indices
            if part is None or mine is None:
                continue
            if mine.shape == part.shape:
                mine.copy_(part)
            else:
                mine[:, :steps].copy_(part)
                mine[:, steps:].zero_()

    def _once(self, make: MakeUpdate) -> Tensor:
        loss, weight, scores = self._running
        sums = Sums(scores)
        sums.loss, sums.weight = loss, weight
        told = make(self._batch, sums)
        for mine, part in zip(self._running, (sums.loss, sums.weight, sums.scores), strict=True):
            mine.copy_(part)
        return told

    def _warm_up(self, make: MakeUpdate) -> None:
        stream, current = torch.cuda.Stream(), torch.cuda.current_stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(current)
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP):
                self._once(make)
        current.wait_stream(stream)


def _room_for(batch: Batch, steps: int) -> Batch:
    """A batch as large, of so many steps."""
    inputs, lengths, targets, scored, indices, _ = batch
    per_step = scored is not None
    return Batch(
        _longer(inputs, steps),
        torch.empty_like(lengths),
        _longer(targets, steps) if per_step else torch.empty_like(targets),
        _longer(scored, steps) if scored is not None else None,
        torch.empty_like(indices),
    )


def _longer(part: Tensor, steps: int) -> Tensor:
    return part.new_empty(len(part), steps, *part.shape[2:])


@contextmanager
def _recordable(optimizer: Optimizer) -> Iterator[None]:
    """Within, the optimizer's step may be recorded; at other times torch would warn of it."""
    for group in optimizer.param_groups:
        group["capturable"] = True
    try:
        yield
    finally:
        for group in optimizer.param_groups:
            group["capturable"] = False


@contextmanager
def _undone(network: nn.Module, optimizer: Optimizer, more: Sequence[Tensor]) -> Iterator[None]:
    """Afterwards weights, buffers, the optimizer's state and `more` are as before; what was not there is zero."""
    tensors = [*network.parameters(), *network.buffers(), *more]
    known = set(optimizer.state)
    tensors += [part for state in optimizer.state.values() for part in state.values() if isinstance(part, Tensor)]
    kept = [tensor.detach().clone() for tensor in tensors]
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, before in zip(tensors, kept, strict=True):
                tensor.copy_(before)
            for parameter in set(optimizer.state) - known:
                for part in optimizer.state[parameter].values():
                    part.zero_()
