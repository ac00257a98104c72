"""The processes that train one model together: which of them this one is, and sums over all of them.

One process is the rule. It is rank 0 of 1, and every function here gives back what it was given.

All of them call these functions in the same order, as they run the same code on parts of the same batches.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn

Value = TypeVar("Value")

_PATIENCE = timedelta(minutes=30)  # how long the others may take to come to the same point


class PeerLost(RuntimeError):
    """Another process has ended or no longer answers; what happened to it is for it to say."""


@dataclass
class _Place:
    rank: int = 0
    count: int = 1
    local: int = 0
    counts: bool = True


_here = _Place()


def rank() -> int:
    """Which of the processes this is, from 0; the first one writes files and speaks."""
    return _here.rank


def count() -> int:
    """How many processes train together."""
    return _here.count


def local_rank() -> int:
    """Which of the processes on this machine this is, from 0: its GPU."""
    return _here.local


@contextmanager
def joined(rank: int, count: int, *, local: int, meet: str, gpu: bool) -> Iterator[None]:
    """Within, this is one of `count` processes.

    Args:
        rank: which of all of them.
        local: which of those on this machine.
        meet: where they find each other, as torch's `init_method`: file:///… or tcp://HOST:PORT.
        gpu: whether tensors on GPUs are summed too, with NCCL.
    """
    with _talking():
        distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if gpu else "gloo", init_method=meet, rank=rank, world_size=count, timeout=_PATIENCE
        )
    _here.rank, _here.count, _here.local = rank, count, local
    try:
        yield
        wait()  # the first one hosts the others, so that none may leave early
    finally:
        _here.rank, _here.count, _here.local = 0, 1, 0
        distributed.destroy_process_group()


def wait() -> None:
    """Until all processes are here."""
    if _here.count > 1:
        gathered(None)


def summed(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Each tensor's sum over the processes, in float64 on the way; a gradient goes back to every one of them."""
    if _here.count == 1:
        return tensors
    flat = torch.cat([tensor.double().flatten() for tensor in tensors])
    flat = _Summed.apply(flat if _here.counts else flat * 0)  # type: ignore[no-untyped-call]
    parts = torch.split(flat, [tensor.numel() for tensor in tensors])
    return tuple(part.view_as(tensor).to(tensor.dtype) for part, tensor in zip(parts, tensors, strict=True))


@contextmanager
def counted(counts: bool) -> Iterator[None]:
    """Within, what this process has adds to sums, or does not: where it only stands in, so that all do the same."""
    _here.counts = counts
    try:
        yield
    finally:
        _here.counts = True


def largest(number: int) -> int:
    """The largest of the processes' numbers."""
    return max(gathered(number)) if _here.count > 1 else number


def gathered(value: Value) -> list[Value]:
    """Every process's value, by rank; it must be small and picklable."""
    if _here.count == 1:
        return [value]
    values: list[Any] = [None] * _here.count
    with _talking():
        distributed.all_gather_object(values, value)
    return values


def sum_gradients(parameters: Sequence[nn.Parameter], *more: float) -> tuple[float, ...]:
    """Replace gradients by their sums over the processes, in one message; the sums of `more` travel with them.

    A parameter that has a gradient in no process is left without one.
    """
    gradients = [parameter.grad for parameter in parameters]
    there = [float(gradient is not None) for gradient in gradients]
    pieces = [
        (torch.zeros_like(parameter) if gradient is None else gradient).flatten()
        for parameter, gradient in zip(parameters, gradients, strict=True)
    ]
    flat = torch.cat([*pieces, pieces[0].new_tensor([*there, *more])])
    with _talking():
        distributed.all_reduce(flat)
    *sums, notes = torch.split(flat, [*(len(piece) for piece in pieces), len(there) + len(more)])
    told = notes.tolist()
    for parameter, total, somewhere in zip(parameters, sums, told, strict=False):
        if somewhere:
            parameter.grad = total.view_as(parameter).to(parameter.dtype)
    return tuple(told[len(there) :])


@torch.no_grad()
def same_everywhere(tensors: Iterable[Tensor]) -> None:
    """Fill tensors with those of the first process."""
    if _here.count > 1:
        with _talking():
            for tensor in tensors:
                distributed.broadcast(tensor, src=0)


class _Summed(torch.autograd.Function):
    """A sum over processes. Each one's loss hangs on the sum, so that their gradients are summed too."""

    @staticmethod
    def forward(_: Any, tensor: Tensor) -> Tensor:
        total = tensor.clone()
        with _talking():
            distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone(memory_format=torch.contiguous_format)
        with _talking():
            distributed.all_reduce(total)
        return total


@contextmanager
def _talking() -> Iterator[None]:
    """What gloo and NCCL raise where another process is not there."""
    try:
        yield
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        raise PeerLost(
            f"another of the processes that train together has ended or does not answer ({reason})"
        ) from error
