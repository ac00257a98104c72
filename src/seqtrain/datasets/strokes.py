"""Drawings as (dx, dy, pen) steps: how strokes become steps and back, their scale, their augmentation.

A step is stroke-3 as sketch-rnn has it (Ha and Eck 2017, https://arxiv.org/abs/1704.03477): (dx, dy) is the
way from the point before, and pen is 1 where the pen is lifted after this point, else 0.
So the last step of every stroke has pen 1, and the step after it is the move to the next stroke.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtrain.batch import Batch, valid_steps
from seqtrain.randomness import Draws
from seqtrain.sequences import Sequences, Statistics

Steps = NDArray[np.float32]  # (T, 3): one drawing
LARGEST = 1e9  # coordinates beyond this are no drawing, and their squares end the precision of float32


def steps_of(strokes: Sequence[NDArray[Any]]) -> Steps:
    """The steps (T, 3) of strokes of (n, 2) absolute points each; the first step is (0, 0, pen)."""
    points = np.concatenate(strokes).astype(np.float64)  # (T, 2)
    steps = np.zeros((len(points), 3), dtype=np.float32)
    steps[1:, :2] = np.diff(points, axis=0)
    steps[np.cumsum([len(stroke) for stroke in strokes]) - 1, 2] = 1
    return steps


def strokes_of(steps: Steps) -> list[NDArray[np.float64]]:
    """The strokes of a drawing's steps (T, 3), as (n, 2) absolute points each, from the origin."""
    points = steps[:, :2].cumsum(0, dtype=np.float64)
    ends = np.flatnonzero(steps[:-1, 2] > 0.5) + 1  # the last step ends its stroke whatever its pen says
    return np.split(points, ends)


def step_scale(train: Sequences) -> Statistics:
    """What to normalise by: dx and dy by one joint standard deviation, so that a drawing keeps its shape.

    The mean stays zero, and the pen stays as it is. This is sketch-rnn's scale factor.
    """
    total = squares = torch.zeros((), dtype=torch.float64)
    count = 0
    for indices in torch.split(torch.arange(len(train)), 1024):  # the set may be larger than memory
        moves = train.steps_of(indices)[:, :2].double()
        total = total + moves.sum()
        squares = squares + moves.square().sum()
        count += moves.numel()
    std = float((squares / count - (total / count).square()).clamp(min=0).sqrt())
    std = std if std > 1e-12 else 1.0
    return Statistics(torch.zeros(3), torch.tensor([std, std, 1.0]))


class Redraw:
    """Draws the drawings of a training batch a little differently; a `Sets.augment`.

    Args:
        scale: each axis is multiplied by a factor between 1 - scale and 1 + scale.
        rotate: degrees; each drawing is turned by up to this much either way.
        drop: the share of points left out. A stroke's first and last point stay, and the step after a dropped
            point grows by the dropped one, so that the rest of the drawing stays where it was.
    """

    def __init__(self, *, scale: float, rotate: float, drop: float) -> None:
        self.scale, self.rotate, self.drop = scale, rotate, drop

    @classmethod
    def wanted(cls, *, scale: float, rotate: float, drop: float) -> "Redraw | None":
        """None where every setting is zero: then nothing is to do."""
        return cls(scale=scale, rotate=rotate, drop=drop) if scale or rotate or drop else None

    def __call__(self, batch: Batch, draws: Draws) -> Batch:
        steps, lengths = batch.inputs, batch.lengths
        if self.scale or self.rotate:
            moves = steps[:, :, :2] * (1 + self.scale * (2 * draws.uniform(1, 2) - 1))
            angle = np.radians(self.rotate) * (2 * draws.uniform(1) - 1)  # (B, 1)
            cos, sin = angle.cos(), angle.sin()
            turned = (cos * moves[..., 0] - sin * moves[..., 1], sin * moves[..., 0] + cos * moves[..., 1])
            steps = torch.stack((*turned, steps[..., 2]), dim=2)  # (B, T, 3)
        if self.drop:
            steps, lengths = _without(_droppable(steps, lengths, draws, self.drop), steps, lengths)
        return batch._replace(inputs=steps, lengths=lengths)


def _droppable(steps: Tensor, lengths: Tensor, draws: Draws, share: float) -> Tensor:
    """(B, T) bool: the points to leave out, never the first or last of a stroke or of the drawing."""
    lifted = steps[:, :, 2] > 0.5
    first = torch.nn.functional.pad(lifted[:, :-1], (1, 0), value=True)
    inside = valid_steps(lengths - 1, steps.shape[1])
    return (draws.uniform(steps.shape[1]) < share) & inside & ~lifted & ~first


def _without(dropped: Tensor, steps: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """The steps without those of `dropped` (B, T), each added to the next kept one, and their lengths."""
    total, chained = steps, torch.nn.functional.pad(dropped[:, :-1], (1, 0))  # the point before was dropped
    hop = 1
    while chained.any():  # sums over runs of dropped points by doubling: the same bits on every device
        before = total[:, :-hop].masked_fill(~chained[:, hop:, None], 0)
        total = torch.cat([total[:, :hop], total[:, hop:] + before], dim=1)
        longer = chained[:, hop:] & chained[:, :-hop]
        chained = torch.nn.functional.pad(longer, (hop, 0))
        hop *= 2
    lengths = lengths - dropped.sum(1)
    order = dropped.byte().argsort(dim=1, stable=True)[:, : int(lengths.max())]  # kept points first
    kept = total.gather(1, order[:, :, None].expand(-1, -1, 3))
    return kept * valid_steps(lengths, kept.shape[1])[:, :, None], lengths
