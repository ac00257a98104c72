"""Series changed a little in training: a random window of them, each feature's scale, noise."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from seqtrain.batch import Batch, valid_steps, zero_padding
from seqtrain.randomness import Draws
from seqtrain.sequences import Sequences, feature_statistics


class Changes(NamedTuple):
    """How much a series is changed; nothing where all are zero."""

    jitter: float = 0.0  # standard deviation of the noise, in those of each feature
    scaling: float = 0.0  # standard deviation of the factors around 1
    crop: float = 0.0  # the largest share of a series that is cut away


def series_augment(train: Sequences, changes: Changes, *, marked: bool = False) -> "SeriesAugment | None":
    """The augmentation for a training set, or None where nothing is changed.

    Args:
        marked: whether the second half of the features are marks of what is missing, which stay as they are.
    """
    if not any(changes):
        return None
    mean, std = feature_statistics(train)
    if marked:
        std[len(std) // 2 :] = 0
    return SeriesAugment(mean, std, *changes)


@dataclass(frozen=True, eq=False)
class SeriesAugment:
    """Window crop, scaling and jitter, in this order (Um et al. 2017, arXiv:1706.00527; Iwana and Uchida 2021).

    crop: a series keeps a window at a random place, of at least 1 - crop of its steps, and at least one; targets and
    scored steps where there are some at every step are cut alike. scaling: each feature of a series times a factor,
    normal around 1, about the feature's mean. jitter: normal noise on every value.

    Padding stays zero. A row's result depends on its own draws and length, never on its padding.

    Args:
        mean: (F,) of each feature over the training set
        std: (F,) its standard deviations there; a feature whose std is 0 is neither scaled nor given noise
        jitter, scaling, crop: see `Changes`
    """

    mean: Tensor
    std: Tensor
    jitter: float = 0.0
    scaling: float = 0.0
    crop: float = 0.0

    def __call__(self, batch: Batch, draws: Draws) -> Batch:
        if self.crop:
            batch = _window(batch, self.crop, draws)
        inputs, (steps, features) = batch.inputs, batch.inputs.shape[1:]
        mean, std = self.mean.to(inputs), self.std.to(inputs)
        if self.scaling:
            factors = 1 + self.scaling * draws.normal(1, features)  # (B, 1, F)
            inputs = torch.where(std > 0, mean + factors * (inputs - mean), inputs)
        if self.jitter:
            inputs = inputs + self.jitter * std * draws.normal(steps, features)
        return batch._replace(inputs=zero_padding(inputs, batch.lengths))


def _window(batch: Batch, crop: float, draws: Draws) -> Batch:
    """A random window of every row, moved to its front; the whole row where nothing in the window is scored."""
    most = torch.minimum((batch.lengths * crop).long(), batch.lengths - 1)
    cut = (draws.uniform() * (most + 1)).long()  # (B,) steps that go
    starts = (draws.uniform() * (cut + 1)).long()
    if batch.scored is not None:
        before, until = (valid_steps(ends, batch.scored.shape[1]) for ends in (starts, starts + batch.lengths - cut))
        useful = (batch.scored & until & ~before).any(1)
        cut, starts = cut * useful, starts * useful
    lengths = batch.lengths - cut
    steps = torch.arange(int(lengths.max()), device=lengths.device)
    where = torch.minimum(starts[:, None] + steps, (batch.lengths - 1)[:, None])  # (B, T')
    rows = torch.arange(len(lengths), device=lengths.device)[:, None]
    inputs = batch.inputs[rows, where]
    if batch.scored is None:
        return batch._replace(inputs=inputs, lengths=lengths)
    valid = valid_steps(lengths, len(steps))
    targets = batch.targets[rows, where]
    targets = targets.masked_fill(~valid if targets.dim() == 2 else ~valid[:, :, None], 0)
    return batch._replace(inputs=inputs, lengths=lengths, targets=targets, scored=batch.scored[rows, where] & valid)
