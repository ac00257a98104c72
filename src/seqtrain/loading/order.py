"""Which sequences make up each batch: a pure function of (seed, epoch)."""

from collections.abc import Sequence
from typing import overload

import torch
from torch import Tensor

from seqtrain.randomness import generator

_ORDER, _SHUFFLE, _BALANCED = 101, 102, 107  # keep the keys of an epoch apart from the other uses of (seed, epoch)
_AT_ONCE = 1 << 20  # sequences that are sorted together, so that sorting ten million needs little memory
TOGETHER = 4  # batches that are computed as one, at most, where nothing is kept for a backward pass
_CACHED = 1 << 18  # numbers of inputs, beyond which more at a time leave a CPU's cache and are slower


class Batches(Sequence[Tensor]):
    """Batches of an order of sequences, each cut out when it is asked for.

    Args:
        order: (N,) int64
        size: sequences in a batch; the last may be smaller
        which: (M,) int64: which of the order's batches these are, in their order; None: all
    """

    def __init__(self, order: Tensor, size: int, which: Tensor | None = None) -> None:
        self._order, self._size = order, size
        self._which = torch.arange(-(-len(order) // size)) if which is None else which

    def __len__(self) -> int:
        return len(self._which)

    @overload
    def __getitem__(self, index: int) -> Tensor: ...
    @overload
    def __getitem__(self, index: slice) -> "Batches": ...
    def __getitem__(self, index: int | slice) -> "Tensor | Batches":
        if isinstance(index, slice):
            return Batches(self._order, self._size, self._which[index])
        start = int(self._which[index]) * self._size
        return self._order[start : start + self._size]


def epoch_batches(
    lengths: Tensor, batch_size: int, *, pool: int, seed: int, epoch: int, balanced: Tensor | None = None
) -> Batches:
    """A shuffled epoch as batches of draws, similar lengths together; one batch may be smaller.

    A draw is the index of a sequence; where it was drawn k times before in the epoch, k * N more.

    Args:
        lengths: (N,) of the sequences.
        pool: batches whose sequences are sorted by length together; 1 mixes all lengths.
        balanced: (N,) int64 classes, to draw N times with replacement, every class alike; None: each sequence once.
    """
    if balanced is None:
        order = epoch_order(len(lengths), seed=seed, epoch=epoch)
    else:
        order = balanced_draws(balanced, generator(seed, epoch, _BALANCED))
    if pool == 1:
        return Batches(order, batch_size)
    order = _sorted_in_pools(order, lengths, batch_size * pool)
    count = -(-len(order) // batch_size)
    return Batches(order, batch_size, torch.randperm(count, generator=generator(seed, epoch, _SHUFFLE)))


def epoch_order(count: int, *, seed: int, epoch: int) -> Tensor:
    """(count,) int64: in which order an epoch comes to what it has."""
    return torch.randperm(count, generator=generator(seed, epoch, _ORDER))


def plain_batches(lengths: Tensor, batch_size: int, *, pool: int) -> Batches:
    """All sequences once, for validation and test, similar lengths together."""
    order = torch.arange(len(lengths))
    return Batches(order if pool == 1 else _sorted_in_pools(order, lengths, batch_size * pool), batch_size)


def batches_at_once(batch_size: int, *, steps: int, features: int) -> int:
    """Batches of sequences of one length that a CPU computes as one, likewise: what stays in its cache."""
    return min(max(_CACHED // max(batch_size * steps * features, 1), 1), TOGETHER)


def balanced_draws(classes: Tensor, draws: torch.Generator) -> Tensor:
    """As many draws as there are sequences: a class by chance, each as likely, and then one of its sequences.

    Args:
        classes: (N,) int64
    """
    count = len(classes)
    sizes = torch.bincount(classes)
    present = sizes.nonzero()[:, 0]
    of_class = present[torch.randint(len(present), (count,), generator=draws)]
    place = (torch.rand(count, generator=draws, dtype=torch.float64) * sizes[of_class]).long()
    indices = classes.argsort(stable=True)[(sizes.cumsum(0) - sizes)[of_class] + place]
    return indices + count * _times_before(indices, count)


def _times_before(indices: Tensor, count: int) -> Tensor:
    """(N,): how often each index is there further ahead."""
    times = torch.bincount(indices, minlength=count)
    order = indices.argsort(stable=True)
    before = torch.empty_like(indices)
    before[order] = torch.arange(len(indices)) - (times.cumsum(0) - times)[indices[order]]
    return before


def _sorted_in_pools(order: Tensor, lengths: Tensor, pool: int) -> Tensor:
    """The same draws with those of each pool, so many one after another, sorted by length."""
    if len(order) == 0 or int(lengths.min()) == int(lengths.max()):
        return order
    whole = len(order) // pool * pool
    pieces = list(torch.split(order[:whole].view(-1, pool), max(_AT_ONCE // pool, 1)))
    pieces += [order[None, whole:]] if whole < len(order) else []
    return torch.cat([_sorted(piece, lengths).flatten() for piece in pieces])


def _sorted(draws: Tensor, lengths: Tensor) -> Tensor:
    """Each row of (P, n) draws by length."""
    return draws.gather(1, lengths[draws % len(lengths)].argsort(dim=1, stable=True))
