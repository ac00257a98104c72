"""Random numbers that are a function of what they are for, never of what was drawn before.

The order of an epoch depends on (seed, epoch), an augmentation on (seed, epoch, index),
dropout on (seed, step). So workers, interruptions and resumptions change nothing.

What a key is for is its last part: numbers below 100 belong to data sets, those from 100 on to seqtrain.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def mix(*keys: int) -> int:
    """A 63-bit key of several integers (the finalizer of SplitMix64, Steele et al. 2014, chained)."""
    state = 0
    for key in keys:
        state = (state + _GOLDEN + key) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state >> 1


def generator(*keys: int) -> torch.Generator:
    """A torch generator on the CPU seeded with the mix of the keys."""
    return torch.Generator().manual_seed(mix(*keys))


class Draws:
    """Random numbers for an augmentation.

    Row b depends only on (seed, epoch, indices[b]) and on how many calls came before.
    """

    def __init__(self, seed: int, epoch: int, indices: Tensor) -> None:
        base = np.uint64(mix(seed, epoch))
        self._rows = _scramble(indices.cpu().numpy().astype(np.uint64) * np.uint64(_GOLDEN) + base)  # (B,)
        self._device = indices.device
        self._calls = 0

    def uniform(self, *shape: int) -> Tensor:
        """(B, *shape) float32, uniform in [0, 1)."""
        self._calls += 1
        count = math.prod(shape)
        cells = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_GOLDEN)
        rows = _scramble(self._rows + np.uint64(self._calls))
        bits = _scramble(rows[:, None] + cells[None, :]) >> np.uint64(40)  # 24 bits, exact in float32
        draws = bits.astype(np.float32) * np.float32(2.0**-24)
        return torch.from_numpy(draws.reshape(len(rows), *shape)).to(self._device)

    def normal(self, *shape: int) -> Tensor:
        """(B, *shape) float32, standard normal (Box and Muller 1958)."""
        radius = (-2 * torch.log1p(-self.uniform(*shape))).sqrt()
        return radius * torch.cos(2 * math.pi * self.uniform(*shape))


def _scramble(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
