"""A sine in and its cosine out, at every step: the smallest task that needs a memory."""

import math

import torch

from seqtrain.batch import Predicts
from seqtrain.errors import WrongInput
from seqtrain.one_thread import one_thread
from seqtrain.randomness import generator
from seqtrain.ranges import Count, NonNegative, Positive, Size
from seqtrain.sequences import Sequences, Sets

_TRAIN, _VAL, _TEST = 1, 2, 3


class SinCos:
    """Sequences of sin(a), with cos(a) to be predicted at the same step: F=1, D=1.

    The angle of step t is phase + step * factor * t. A sine alone does not tell the sign of the cosine at
    the first step, so that the first `unscored` steps count neither in the loss nor in a metric.
    Training, validation and test sets have phases, factors and noise of their own.

    With `carry_state` a wave is `windows` sequences long, and each of them goes on where the one before ends, as does
    the state of a model that can carry one. The unscored steps are then the first ones of the wave.

    Raises WrongInput if `frequencies` is not a range, or if no step would be scored.

    Args:
        length: steps of a sequence
        step: radians from one step to the next
        frequencies: lowest and highest factor of `step`; each sequence draws one between them
        random_phases: whether each sequence starts at a random angle; else at 0
        noise: standard deviation of what is added to the sine (never to the cosine)
        unscored: first steps that do not count
        train_size: sequences to train on
        val_size: sequences to validate on
        test_size: sequences to test on
        carry_state: whether sequences are windows of longer waves, and a model's state is carried from one to the next
        windows: of a wave, where the state is carried; the last wave of a set has what is left
    """

    predicts: Predicts = "step_values"

    def __init__(
        self,
        *,
        length: Count = 50,
        step: Positive = 0.1,
        frequencies: list[Positive] = [1.0, 1.0],  # noqa: B006 (never changed)
        random_phases: bool = True,
        noise: NonNegative = 0.0,
        unscored: Size = 10,
        train_size: Count = 2400,
        val_size: Count = 320,
        test_size: Count = 320,
        carry_state: bool = False,
        windows: Count = 75,
    ) -> None:
        if len(frequencies) != 2 or frequencies[0] > frequencies[1]:
            raise WrongInput(f"frequencies is {frequencies}: give the lowest and the highest factor")
        if unscored >= length:
            raise WrongInput(
                f"unscored is {unscored}, which leaves no step of {length} to score: lower it or raise length"
            )
        self.length = length
        self.step = step
        self.frequencies = frequencies
        self.random_phases = random_phases
        self.noise = noise
        self.unscored = unscored
        self.train_size = train_size
        self.val_size = val_size
        self.test_size = test_size
        self.carry_state = carry_state
        self.windows = windows if carry_state else 1

    def load(self, seed: int) -> Sets:
        with one_thread():
            return Sets(
                train=self._waves(self.train_size, seed, _TRAIN),
                val=self._waves(self.val_size, seed, _VAL),
                test=self._waves(self.test_size, seed, _TEST),
                predicts=self.predicts,
                view="curve",
                published=True,  # made, not found: waves are equal where neither phase nor noise tells them apart
            )

    def _waves(self, count: int, seed: int, which: int) -> Sequences:
        draws = generator(seed, which)
        waves = -(-count // self.windows)
        phases = 2 * math.pi * torch.rand(waves, 1, generator=draws, dtype=torch.float64)
        low, high = self.frequencies
        factors = low + (high - low) * torch.rand(waves, 1, generator=draws, dtype=torch.float64)
        steps = torch.arange(self.windows * self.length)  # of a wave
        angles = self.step * factors * steps  # (waves, windows * T)
        if self.random_phases:
            angles = angles + phases
        angles = angles.view(-1, self.length)[:count]  # (N, T)
        inputs = angles.sin().float()
        if self.noise:
            inputs = inputs + self.noise * torch.randn(inputs.shape, generator=draws)
        scored = (steps >= self.unscored).repeat(waves)[: count * self.length]
        return Sequences(
            steps=inputs.reshape(-1, 1),
            starts=torch.arange(count) * self.length,
            lengths=torch.full((count,), self.length),
            targets=angles.cos().float().reshape(-1, 1),
            per_step=True,
            scored=scored if self.unscored else None,
            series=torch.arange(count) // self.windows if self.carry_state else None,
        )
