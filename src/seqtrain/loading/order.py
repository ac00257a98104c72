"""Which sequences make up each batch: a pure function of (seed, epoch)."""

import torch
from torch import Tensor

from seqtrain.randomness import generator

_ORDER = 1  # keeps the key of an epoch's order apart from the other uses of (seed, epoch)


def epoch_batches(count: int, batch_size: int, *, seed: int, epoch: int) -> list[Tensor]:
    """A shuffled epoch as batches of indices; the last one may be smaller."""
    order = torch.randperm(count, generator=generator(seed, epoch, _ORDER))
    return list(order.split(batch_size))  # type: ignore[no-untyped-call]


def plain_batches(count: int, batch_size: int) -> list[Tensor]:
    """All sequences in their own order, for validation and test."""
    return list(torch.arange(count).split(batch_size))  # type: ignore[no-untyped-call]
