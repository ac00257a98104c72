"""How much of what a model reads is padding."""

from collections.abc import Iterable

from torch import Tensor

from seqtrain.loading.order import epoch_batches

_SAMPLE = 100_000  # sequences that are enough to tell


def padding_share(batches: Iterable[Tensor], lengths: Tensor) -> float:
    """Share of the steps of batches (B,) int64 that are padding, from 0.

    Args:
        lengths: (N,) of the sequences
    """
    valid = total = 0
    for draws in batches:
        own = lengths[draws % len(lengths)]
        valid += int(own.sum())
        total += int(own.max()) * len(own)
    return 1 - valid / total


def expected_padding(lengths: Tensor, batch_size: int, *, pool: int, seed: int) -> float:
    """The padding share of an epoch, told by at most so many sequences, spread over the set."""
    some = lengths[:: -(-len(lengths) // _SAMPLE)]
    return padding_share(epoch_batches(some, batch_size, pool=pool, seed=seed, epoch=0), some)
