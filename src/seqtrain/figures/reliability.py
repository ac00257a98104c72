"""The reliability diagram: whether what is said with 80% probability is right in 80% of cases."""

from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from seqtrain.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def reliability(bins: Tensor, error: float) -> "Figure":
    """The share of right predictions in bins of their probability, and how many predictions each bin has.

    On the diagonal probabilities mean what they say; below it the model is too sure of itself
    (Guo et al. 2017, https://arxiv.org/abs/1706.04599).

    Args:
        bins: (K, 3) of K equally wide bins: predictions, the sum of their probabilities, right ones among them.
        error: the expected calibration error.
    """
    count, said, right = bins.detach().cpu().double().numpy().T
    edges = np.linspace(0, 1, len(count) + 1)
    filled = count > 0
    probability, share = said[filled] / count[filled], right[filled] / count[filled]

    figure = style.new_figure(4.8, 5.4)
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    for each in (axes, below):
        style.tidy(each)
    width = 1 / len(count)
    middle = edges[:-1][filled] + width / 2
    handles = [
        axes.bar(middle, share, width=0.92 * width, color=style.TRUE, alpha=0.45, label="right"),
        *axes.plot(probability, share, "o", ms=4, color=style.TRUE, label="mean probability of the bin"),
        *axes.plot([0, 1], [0, 1], color=style.QUIET, linewidth=1, linestyle=":", label="as probable as said"),
    ]
    axes.vlines(probability, share, probability, color=style.PREDICTED, linewidth=1.4)
    axes.set(xlim=(0, 1), ylim=(0, 1.04))
    axes.set_ylabel("share that is right", fontsize=style.NORMAL)
    style.title(axes, f"calibration error {error:.3f}, n = {int(count.sum()):,}")
    below.bar(edges[:-1] + width / 2, count, width=0.92 * width, color=style.QUIET)
    below.set_ylabel("predictions", fontsize=style.NORMAL)
    below.set_xlabel("probability of the predicted class", fontsize=style.NORMAL)
    style.legend(figure, handles, columns=3)
    return figure
