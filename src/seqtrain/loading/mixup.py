"""Mixup: training on sequences that are a little of one and a little of another, and on targets mixed alike."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from seqtrain.batch import Batch, valid_steps, zero_padding
from seqtrain.errors import WrongInput
from seqtrain.randomness import mix
from seqtrain.sequences import Sets, Statistics

_MIXUP = 111  # keeps the key of what is mixed apart from the other uses of (seed, epoch)


@dataclass(frozen=True, eq=False)
class Mixup:
    """Each sequence of a training batch mixed with one of the same batch (Zhang et al. 2018, arXiv:1710.09412).

    x = l x_i + (1 - l) x_j and y = l y_i + (1 - l) y_j, with l ~ Beta(alpha, alpha) for every pair, and l >= 1/2, as
    i and j may change places: a sequence stays more itself than another. A class becomes a share of every class, by
    which the cross entropy is l times that of class i and 1 - l times that of class j.

    Of two lengths the longer one counts. What a sequence has not, beyond its end, is the mean of each feature, which
    the network's normalising turns into the zeros of padding.

    Partners and shares depend on the seed, the epoch and the batch alone.

    Args:
        alpha: of the Beta distribution, above 0; the larger the more is mixed
        classes: how many there are, or None where values or labels are predicted, which are mixed as they are
        mean: (F,) what the network subtracts of every step, or None
    """

    alpha: float
    classes: int | None = None
    mean: Tensor | None = None

    def __call__(self, read: Callable[[Tensor], Batch], draws: Tensor, rows: Tensor, *, seed: int, epoch: int) -> Batch:
        """Some rows of a batch, mixed.

        Args:
            read: gives the sequences of some of the draws, padded.
            draws: (M,) all of the batch, as `Reader` has them.
            rows: (B,) which of them to give back.
        """
        random = np.random.default_rng(mix(seed, _MIXUP, epoch, int(draws[0])))  # a draw is in one batch of an epoch
        partners = torch.from_numpy(random.permutation(len(draws)))[rows]
        shares = torch.from_numpy(random.beta(self.alpha, self.alpha, len(draws))).float()[rows]  # (B,)
        return self.mixed(read(draws[rows]), read(draws[partners]), torch.maximum(shares, 1 - shares))

    def mixed(self, batch: Batch, other: Batch, shares: Tensor) -> Batch:
        """Row b is `shares[b]` (B,) of the first batch's, and the rest of the second's."""
        steps = max(batch.inputs.shape[1], other.inputs.shape[1])
        lengths = torch.maximum(batch.lengths, other.lengths)
        inputs = _mixed(self._filled(batch, steps), self._filled(other, steps), shares[:, None, None])
        targets = _mixed(self._soft(batch.targets), self._soft(other.targets), shares[:, None])
        return batch._replace(inputs=zero_padding(inputs, lengths), lengths=lengths, targets=targets)

    def _filled(self, batch: Batch, steps: int) -> Tensor:
        """(B, steps, F) with the mean in the place of padding."""
        inputs = functional.pad(batch.inputs, (0, 0, 0, steps - batch.inputs.shape[1]))
        if self.mean is None:
            return inputs
        return torch.where(valid_steps(batch.lengths, steps)[:, :, None], inputs, self.mean)

    def _soft(self, targets: Tensor) -> Tensor:
        """(B,) int64 -> (B, C) float; (B, D) as they are."""
        return targets if self.classes is None else functional.one_hot(targets, self.classes).float()


def find_mixup(alpha: float, sets: Sets, statistics: Statistics | None) -> Mixup | None:
    """What `data.mixup` asks for; None where it is 0. Raises WrongInput where targets at every step would be mixed."""
    if alpha == 0:
        return None
    if sets.train.per_step:
        raise WrongInput(
            f"mixup is {alpha} but the data has targets at every step, which belong to the steps of one sequence: "
            "set data.mixup=0"
        )
    classes = len(sets.classes) if sets.predicts == "classes" else None
    return Mixup(alpha, classes, None if statistics is None else statistics.mean)


def _mixed(one: Tensor, other: Tensor, share: Tensor) -> Tensor:
    return share * one + (1 - share) * other
