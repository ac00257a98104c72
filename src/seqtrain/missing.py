"""What becomes of missing values in a sequence: refused, interpolated along time, or marked."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from seqtrain.errors import WrongInput
from seqtrain.sequences import Sequences, Statistics, feature_statistics

Missing = Literal["refuse", "interpolate", "indicator"]


def fill_missing(steps: Tensor, missing: Missing, *, name: str, features: Sequence[str] | None = None) -> Tensor:
    """A sequence (T, F) whose missing values are NaN -> the same without any.

    Args:
        steps: (T, F) float; not changed
        missing: what to do. refuse: an error where a value is missing. interpolate: on a straight line between
            the neighbours in time; before the first and after the last known value that value is held.
            indicator: 0 in its place, and after the F features one more for each, 1 where it is missing: (T, 2F)
        name: what a message calls the sequence, such as a file and a line
        features: F names for messages; None counts from 0

    Raises WrongInput where a value is missing and that is refused, or where a feature has nothing but missing
    values and is to be interpolated.
    """
    gaps = steps.isnan()  # (T, F)
    if missing == "indicator":
        return torch.cat([steps.masked_fill(gaps, 0), gaps.to(steps.dtype)], dim=1)  # (T, 2F)
    if not gaps.any():
        return steps
    if missing == "refuse":
        step, feature = gaps.nonzero()[0].tolist()
        raise WrongInput(
            f"{name} has no value at step {step} of {_called(feature, features)} ({int(gaps.sum())} missing): "
            "mend it, or train with data.missing=interpolate or data.missing=indicator"
        )
    if (nothing := gaps.all(0)).any():
        raise WrongInput(
            f"{name} has no value at all in {_called(int(nothing.nonzero()[0]), features)}, so that nothing can be "
            "interpolated: leave it out, or train with data.missing=indicator"
        )
    filled = steps.clone()
    times = np.arange(len(steps))
    for feature in gaps.any(0).nonzero()[:, 0].tolist():
        gap = gaps[:, feature].numpy()
        known = steps[:, feature].numpy()[~gap]
        filled[:, feature][gaps[:, feature]] = torch.from_numpy(np.interp(times[gap], times[~gap], known)).to(steps)
    return filled


def _called(feature: int, features: Sequence[str] | None) -> str:
    return features[feature] if features is not None else f"feature {feature}"


def statistics_beside_marks(train: Sequences) -> Statistics:
    """Statistics for normalising what `fill_missing` made with indicator: the marks stay 0 and 1."""
    mean, std = feature_statistics(train)
    half = len(mean) // 2
    return Statistics(
        torch.cat([mean[:half], torch.zeros_like(mean[half:])]), torch.cat([std[:half], torch.ones_like(std[half:])])
    )
