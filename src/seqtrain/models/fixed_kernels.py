"""The 84 kernels of MiniRocket: their weights, how far they are spread, and which features they see."""

from collections.abc import Iterable
from itertools import combinations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

SIZE = 9  # steps
KERNELS = tuple(combinations(range(SIZE), 3))  # where the weight is 2; in the other six places it is -1


def kernel_weights() -> Tensor:
    """(9, 84, 1): the weights of every kernel, place by place."""
    weights = [[2.0 if place in kernel else -1.0 for kernel in KERNELS] for place in range(SIZE)]
    return torch.tensor(weights)[:, :, None]


def spread_dilations(longest: int, per_kernel: int, most: int) -> list[tuple[int, int]]:
    """Dilations and how many features of a kernel have each: spread evenly in their logarithm (section 3.1).

    Args:
        longest: steps that the widest kernel fits in; where none does, the only dilation is 1.
        per_kernel: features of a kernel, over all dilations.
        most: dilations of a kernel.
    """
    count = min(per_kernel, most)
    widest = max(0.0, np.log2(max(1, longest - 1) / (SIZE - 1)))
    dilations, repeats = np.unique(np.logspace(0, widest, count, base=2).astype(int), return_counts=True)
    features = (repeats * (per_kernel / count)).astype(int)
    features[: per_kernel - features.sum()] += 1  # what rounding left over: fewer than there are dilations
    return list(zip(dilations.tolist(), features.tolist(), strict=True))


def draw_channels(in_features: int, dilations: int) -> Tensor:
    """(dilations, most, 84) int64: which features of the data each kernel sees, `in_features` standing for none.

    As in the authors' code for several features: 1 to 9 of them, few more often than many. A single feature is seen
    by all kernels: (dilations, 1, 1).
    """
    if in_features == 1:
        return torch.zeros(dilations, 1, 1, dtype=torch.int64)
    most = min(in_features, SIZE)
    counts = ((most + 1) ** torch.rand(dilations, 1, len(KERNELS))).long()
    order = torch.rand(dilations, len(KERNELS), in_features).argsort(2)[:, :, :most].transpose(1, 2)
    return order.masked_fill(torch.arange(most)[:, None] >= counts, in_features)


def convolve(seen: Iterable[Tensor], weights: Tensor, dilation: int) -> Tensor:
    """The kernels over the sum of the series that each sees, zeros around them: (…, 84 or 1, T) each -> (…, 84, T).

    Sums are taken in one order whatever the batch, so that the answer to a series has the same bits in any: the least
    difference could lift it over a bias.
    """
    series = sum(seen, torch.zeros(()))
    reach, steps = dilation * (SIZE // 2), series.shape[-1]
    padded = functional.pad(series, (reach, reach))
    answers = weights[0] * padded[..., :steps]
    for place in range(1, SIZE):
        answers = answers + weights[place] * padded[..., place * dilation : place * dilation + steps]
    return answers
