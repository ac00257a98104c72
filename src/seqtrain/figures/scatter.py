"""Predicted against true values where a number belongs to a whole sequence."""

from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from seqtrain.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS = 2


def regression_scatter(targets: Tensor, predictions: Tensor) -> "Figure":
    """A point a sequence, a panel a value (at most four), and the line on which a perfect model lies.

    Args:
        targets: (B, D) float.
        predictions: (B, D) float.
    """
    truth, predicted = targets.detach().cpu().double().numpy(), predictions.detach().cpu().double().numpy()
    values = min(4, truth.shape[1])
    figure, grid = style.panels(values, columns=_COLUMNS, width=4.2, height=3.8, rows=1)
    size = 18 if len(truth) <= 500 else 6
    for value, axes in enumerate(grid):
        style.tidy(axes)
        x, y = truth[:, value], predicted[:, value]
        both = np.concatenate([x, y])
        both = both[np.isfinite(both)]
        low, high = (both.min(), both.max()) if len(both) else (0.0, 1.0)
        margin = 0.05 * (high - low) or 1.0
        limits = low - margin, high + margin
        axes.plot(limits, limits, color=style.QUIET, linewidth=1, linestyle=":", label="perfect")
        axes.scatter(x, y, s=size, color=style.TRUE, alpha=0.6, linewidths=0)
        axes.set(xlim=limits, ylim=limits, aspect="equal")
        rmse = np.sqrt(np.square(x - y).mean())
        which = f"value {value + 1} of {truth.shape[1]}, " if truth.shape[1] > 1 else ""
        style.title(axes, f"{which}rmse {rmse:.3g}, n = {len(x)}")
        if value + _COLUMNS >= values:  # nothing is below
            axes.set_xlabel("true", fontsize=style.NORMAL)
        axes.set_ylabel("predicted", fontsize=style.NORMAL)
    style.legend(figure, grid[0].get_lines())
    return figure
