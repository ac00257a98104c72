"""Which sequences make up each batch: a pure function of (seed, epoch)."""

import torch
from torch import Tensor

from seqtrain.randomness import generator

_ORDER, _SHUFFLE = 101, 102  # keep the keys of an epoch's order apart from the other uses of (seed, epoch)


def epoch_batches(lengths: Tensor, batch_size: int, *, pool: int, seed: int, epoch: int) -> list[Tensor]:
    """A shuffled epoch as batches of indices, similar lengths together; one batch may be smaller.

    Args:
        lengths: (N,) of the sequences.
        pool: batches whose sequences are sorted by length together; 1 mixes all lengths.
    """
    order = torch.randperm(len(lengths), generator=generator(seed, epoch, _ORDER))
    if pool == 1:
        return list(torch.split(order, batch_size))
    batches = _sorted_in_pools(order, lengths, batch_size, pool)
    shuffled = torch.randperm(len(batches), generator=generator(seed, epoch, _SHUFFLE))
    return [batches[i] for i in shuffled.tolist()]


def plain_batches(lengths: Tensor, batch_size: int, *, pool: int) -> list[Tensor]:
    """All sequences once, for validation and test, similar lengths together."""
    order = torch.arange(len(lengths))
    return list(torch.split(order, batch_size)) if pool == 1 else _sorted_in_pools(order, lengths, batch_size, pool)


def _sorted_in_pools(order: Tensor, lengths: Tensor, batch_size: int, pool: int) -> list[Tensor]:
    return [
        batch
        for some in torch.split(order, batch_size * pool)
        for batch in torch.split(some[lengths[some].argsort(stable=True)], batch_size)
    ]
