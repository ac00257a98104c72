"""Drawings of ten kinds of shape by an unsteady hand: drawing classification with nothing to download."""

from typing import Annotated

import numpy as np
import torch
from annotated_types import Ge, Le
from numpy.random import Generator
from numpy.typing import NDArray

from seqtrain.batch import Predicts
from seqtrain.datasets.shapes import SHAPES
from seqtrain.datasets.strokes import Redraw, Steps, step_scale, steps_of
from seqtrain.randomness import mix
from seqtrain.ranges import Count, Fraction, NonNegative, Positive
from seqtrain.sequences import Sequences, Sets

_TRAIN, _TEST = 1, 2
_LARGEST = 255  # units a drawing is wide or high at most, as in Quick, Draw!


class Sketch:
    """Drawings made from the seed, as (dx, dy, pen) steps: F=3, T differs, ten classes.

    The pen is 1 where it is lifted after the point, as in sketch-rnn (Ha and Eck 2017). Shapes have one to
    five strokes, begin anywhere and go either way; size, proportions, tilt, speed and wobble are random.

    Args:
        train_size: drawings to train on, equally many of each class
        test_size: drawings to test on
        points: steps of a drawing at most
        speed: units from one point to the next in the middle of a stroke; drawings are 80 to 255 units large
        wobble: how far the hand strays, as a share of the drawing's size
        tilt: degrees by which a drawing is turned at most, either way
        scale: in training, each axis is multiplied by up to 1 ± scale
        rotate: in training, degrees by which a drawing is turned at most, either way
        drop: in training, the share of points left out
    """

    predicts: Predicts = "classes"

    def __init__(
        self,
        *,
        train_size: Count = 2000,
        test_size: Count = 500,
        points: Annotated[int, Ge(24), Le(196)] = 196,
        speed: Positive = 12.0,
        wobble: NonNegative = 0.015,
        tilt: NonNegative = 15.0,
        scale: Fraction = 0.1,
        rotate: NonNegative = 0.0,
        drop: Fraction = 0.1,
    ) -> None:
        self.train_size = train_size
        self.test_size = test_size
        self.points = points
        self.speed = speed
        self.wobble = wobble
        self.tilt = tilt
        self.augment = Redraw.wanted(scale=scale, rotate=rotate, drop=drop)

    def load(self, seed: int) -> Sets:
        return Sets(
            train=self._drawings(self.train_size, mix(seed, _TRAIN)),
            val=None,
            test=self._drawings(self.test_size, mix(seed, _TEST)),
            predicts=self.predicts,
            classes=tuple(SHAPES),
            view="drawing",
            normalize=step_scale,
            augment=self.augment,
        )

    def _drawings(self, count: int, key: int) -> Sequences:
        rng = np.random.default_rng(key)
        classes = rng.permutation(count) % len(SHAPES)
        kinds = list(SHAPES.values())
        drawings = [self._draw(kinds[index](rng), rng) for index in classes]
        return Sequences.of([torch.from_numpy(steps) for steps in drawings], torch.from_numpy(classes))

    def _draw(self, strokes: list[NDArray[np.float64]], rng: Generator) -> Steps:
        """One drawing (T, 3) of the strokes, no two the same."""
        size = rng.uniform(80, _LARGEST) / 2
        angle = np.radians(self.tilt) * rng.uniform(-1, 1)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        placed = [(line * (size * rng.uniform(0.8, 1, 2))) @ turn for line in strokes]
        paths = [np.append(0, np.hypot(*np.diff(line, axis=0).T).cumsum()) for line in placed]
        spacing = self.speed * rng.uniform(0.7, 1.4)
        whole = sum(path[-1] for path in paths)
        spacing = max(spacing, whole / (self.points - 2 * len(paths)))  # each stroke rounds up and adds its start
        return steps_of(
            [_hand(line, path, spacing, 2 * size * self.wobble, rng) for line, path in zip(placed, paths, strict=True)]
        )


def _hand(
    line: NDArray[np.float64], path: NDArray[np.float64], spacing: float, stray: float, rng: Generator
) -> NDArray[np.float64]:
    """Points (n, 2) along a line whose corners lie at `path` (units): slower at its ends, unsteady throughout."""
    count = 1 + int(np.ceil(path[-1] / spacing))
    time = np.linspace(0, 1, count)
    slow = rng.uniform(0.2, 0.8) * np.sin(2 * np.pi * time) / (2 * np.pi)
    way = path[-1] * (time - slow)
    points = np.stack([np.interp(way, path, line[:, 0]), np.interp(way, path, line[:, 1])], axis=1)
    waves = np.arange(1, 4)  # slow ones the strongest
    phases = rng.uniform(0, 2 * np.pi, (2, 3))
    swing = np.sin(2 * np.pi * np.outer(time, waves)[:, None] * rng.uniform(0.5, 1) + phases) / waves
    points += stray * (0.5 * swing.sum(2) + 0.15 * rng.normal(size=points.shape))
    return points
