"""Sequences that hold the same steps, found without comparing each with each."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtrain.sequences import Sequences

_AT_ONCE = 1 << 17  # values that are read together: few, so that a set may be larger than memory, and caches help
_KEYS = 0x5E97  # of the random numbers that places are multiplied by; marks are never stored
_ODD = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


def marks(sequences: Sequences) -> Tensor:
    """(N,) int64: equal where two sequences have the same steps, bit for bit; else they differ, by all odds.

    A multilinear hash (Carter and Wegman 1979) of the 32 bits of every value: each is scrambled, multiplied by a
    random odd number for its place, and summed modulo 2^64. Ten million different sequences have two equal marks with
    a chance of about one in 400,000; `hold_the_same` is certain. Every step is read once.
    """
    found = np.empty(len(sequences), np.uint64)
    factors = _odd_numbers(sequences.longest * sequences.features).reshape(-1, sequences.features)
    for some in _pieces(sequences.lengths, max(_AT_ONCE // sequences.features, 1)):
        lengths = sequences.lengths[some].numpy()
        steps = _steps(sequences, some)  # (S, F) of some sequences, one after another
        first = lengths.cumsum() - lengths
        place = np.arange(len(steps)) - np.repeat(first, lengths)
        bits = steps.view(np.uint32) * _ODD
        bits ^= bits >> _HALF
        bits *= factors[place]
        found[some] = np.add.reduceat(bits.reshape(-1), first * sequences.features)
        found[some] += lengths.astype(np.uint64) * _ODD
    return torch.from_numpy(found.view(np.int64))


def hold_the_same(left: Sequences, i: int, right: Sequences, j: int) -> bool:
    """Whether sequence i of one set and j of another have the same steps, bit for bit."""
    one, other = _bits(left, i), _bits(right, j)
    return one.shape == other.shape and torch.equal(one, other)


def _bits(sequences: Sequences, index: int) -> Tensor:
    start = int(sequences.starts[index])
    return sequences.steps[start : start + int(sequences.lengths[index])].float().view(torch.int32)


def _pieces(lengths: Tensor, steps: int) -> Iterator[slice]:
    """Sequences as slices with so many steps each at most, or one longer sequence."""
    ends = lengths.cumsum(0)
    start = 0
    while start < len(lengths):
        done = int(ends[start - 1]) if start else 0
        end = max(int(torch.searchsorted(ends, done + steps, right=True)), start + 1)
        yield slice(start, end)
        start = end


def _steps(sequences: Sequences, some: slice) -> NDArray[np.float32]:
    """The steps (S, F) of some sequences, which are not copied where they lie one after another."""
    starts, lengths = sequences.starts[some], sequences.lengths[some]
    ends = starts + lengths
    if torch.equal(starts[1:], ends[:-1]):
        where: slice | Tensor = slice(int(starts[0]), int(ends[-1]))
    else:
        before = lengths.cumsum(0) - lengths
        where = torch.arange(int(lengths.sum())) + torch.repeat_interleave(starts - before, lengths)
    steps: NDArray[np.float32] = sequences.steps[where].float().contiguous().numpy()
    return steps


def _odd_numbers(count: int) -> NDArray[np.uint64]:
    return np.random.Generator(np.random.PCG64(_KEYS)).integers(0, 2**63, count, dtype=np.uint64) * np.uint64(2) + 1
