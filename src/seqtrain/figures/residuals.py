"""Errors of predicted values: how they spread, and whether they depend on what is predicted."""

from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from seqtrain.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST = 5000  # points drawn


def residuals(truth: Tensor, predicted: Tensor) -> "Figure":
    """Error (predicted minus true) against the predicted value, and its histogram; a row a value (at most four).

    Args:
        truth: (E, D) float.
        predicted: (E, D) float.
    """
    said = predicted.detach().cpu().double().numpy()
    errors = said - truth.detach().cpu().double().numpy()
    values = min(4, errors.shape[1])
    figure = style.new_figure(7.4, 2.6 * values + 0.5)
    grid = figure.subplots(values, 2, squeeze=False, width_ratios=[2.4, 1], sharey="row")
    every = -(-len(errors) // _MOST)
    size = 14 if len(errors) <= 500 else 4
    for value, (axes, beside) in enumerate(grid):
        error = errors[:, value]
        style.tidy(axes)
        style.tidy(beside)
        axes.axhline(0, color=style.QUIET, linewidth=1, linestyle=":")
        axes.scatter(said[::every, value], error[::every], s=size, color=style.TRUE, alpha=0.5, linewidths=0)
        axes.set_ylabel("predicted − true", fontsize=style.NORMAL)
        name = f"value {value + 1}, " if values > 1 else ""
        style.title(axes, f"{name}mean error {error.mean():.3g}, standard deviation {error.std():.3g}")
        finite = error[np.isfinite(error)]
        beside.hist(finite, bins=min(40, max(5, len(finite) // 10)), orientation="horizontal", color=style.TRUE)
        beside.axhline(0, color=style.QUIET, linewidth=1, linestyle=":")
        style.whole_numbers(beside)
        style.title(beside, f"n = {len(error):,}")
    grid[-1, 0].set_xlabel("predicted", fontsize=style.NORMAL)
    grid[-1, 1].set_xlabel("predictions", fontsize=style.NORMAL)
    return figure
