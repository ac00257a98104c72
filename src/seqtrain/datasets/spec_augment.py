"""SpecAugment: spectrograms with some times and some frequencies masked, stretched and shifted in time."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from seqtrain.batch import Batch, valid_steps, zero_padding
from seqtrain.randomness import Draws
from seqtrain.sequences import Sequences, feature_statistics


class Masks(NamedTuple):
    """How much of a spectrogram is masked, and how far it moves."""

    time_masks: int = 0  # how many stretches of time are masked
    time_width: int = 0  # the longest of them in steps (never over half of the sequence)
    frequency_masks: int = 0  # how many bands of frequency are masked
    frequency_width: int = 0  # the widest of them in features
    stretch: float = 0.0  # the largest change of tempo, as a share of the length
    shift: int = 0  # the furthest a sequence moves either way, in steps; its first or last step fills the gap


def spec_augment(train: Sequences, masks: Masks) -> "SpecAugment | None":
    """The augmentation for a training set, or None where nothing is masked or moved."""
    if not (masks.time_masks or masks.frequency_masks or masks.stretch or masks.shift):
        return None
    return SpecAugment(feature_statistics(train).mean, train.longest, *masks)


@dataclass(frozen=True, eq=False)
class SpecAugment:
    """Time masks and frequency masks (Park et al. 2019, arXiv:1904.08779), and a shift in time.

    Masked cells become the mean of their frequency in the training set: zero, once the network has
    normalised its inputs. Only valid steps change. A row's result depends on its own draws and length,
    never on its padding.

    Args:
        mean: (F,) the mean of each frequency over what the data set trains on, a carved validation set included
        longest: steps of the longest training sequence; stretching makes none longer
        time_masks, time_width, frequency_masks, frequency_width, stretch, shift: see `Masks`
    """

    mean: Tensor
    longest: int
    time_masks: int = 0
    time_width: int = 0
    frequency_masks: int = 0
    frequency_width: int = 0
    stretch: float = 0.0
    shift: int = 0

    def __call__(self, batch: Batch, draws: Draws) -> Batch:
        inputs, lengths = batch.inputs, batch.lengths  # (B, T, F), (B,)
        if self.stretch:
            inputs, lengths = _stretched(inputs, lengths, self.stretch, self.longest, draws)
        if self.shift:
            inputs = zero_padding(_shifted(inputs, lengths, self.shift, draws), lengths)
        steps, features = inputs.shape[1:]
        masked = torch.zeros_like(inputs, dtype=torch.bool)
        if self.time_masks and self.time_width:
            widest = (lengths // 2).clamp(max=self.time_width)
            masked |= _bands(steps, lengths, widest, self.time_masks, draws)[:, :, None]
            masked &= valid_steps(lengths, steps)[:, :, None]
        if self.frequency_masks and self.frequency_width:
            every = torch.full_like(lengths, features)
            bands = _bands(features, every, every.clamp(max=self.frequency_width), self.frequency_masks, draws)
            masked |= bands[:, None, :] & valid_steps(lengths, steps)[:, :, None]
        return batch._replace(inputs=torch.where(masked, self.mean.to(inputs), inputs), lengths=lengths)


def _bands(size: int, ends: Tensor, widest: Tensor, count: int, draws: Draws) -> Tensor:
    """(B, size) bool: `count` random stretches in each row, of 0 to `widest` (B,) cells, before `ends` (B,)."""
    widths = (draws.uniform(count) * (widest + 1)[:, None]).long()  # (B, count)
    starts = (draws.uniform(count) * (ends[:, None] - widths + 1)).long()
    cells = torch.arange(size, device=ends.device)[:, None]
    return ((cells >= starts[:, None]) & (cells < (starts + widths)[:, None])).any(2)


def _shifted(inputs: Tensor, lengths: Tensor, furthest: int, draws: Draws) -> Tensor:
    by = (draws.uniform() * (2 * furthest + 1)).long() - furthest  # (B,)
    source = torch.arange(inputs.shape[1], device=inputs.device) - by[:, None]  # (B, T)
    source = torch.minimum(source.clamp(min=0), (lengths - 1)[:, None])
    return inputs.gather(1, source[:, :, None].expand_as(inputs))


def _stretched(inputs: Tensor, lengths: Tensor, most: float, longest: int, draws: Draws) -> tuple[Tensor, Tensor]:
    """Another tempo for each sequence, its steps interpolated linearly."""
    factors = 1 + most * (2 * draws.uniform() - 1)  # (B,)
    stretched = (lengths * factors).round().long().clamp(min=1, max=longest)
    steps = torch.arange(int(stretched.max()), device=inputs.device)  # (T',)
    rate = (lengths - 1) / (stretched - 1).clamp(min=1)
    places = torch.minimum(steps * rate[:, None], (lengths - 1)[:, None])  # (B, T')
    before = places.floor().long()
    after = torch.minimum(before + 1, (lengths - 1)[:, None])
    share = (places - before)[:, :, None]
    low, high = (inputs.gather(1, which[:, :, None].expand(-1, -1, inputs.shape[2])) for which in (before, after))
    return zero_padding(low + share * (high - low), stretched), stretched
