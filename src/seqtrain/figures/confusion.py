"""The confusion matrix: which class is taken for which, from 2 to some hundred classes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from seqtrain.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import PowerNorm
    from matplotlib.figure import Figure

NUMBERED = 12  # classes up to which a cell can hold its number
NAMED = 45  # classes up to which every row and column can hold its name
PAIRS = 12  # of the most confused that are listed beside a larger matrix


def confusion(matrix: Tensor, classes: Sequence[str]) -> "Figure":
    """Rows are the true class, columns the predicted one; colour is the share of the true class.

    Few classes have their counts in the cells; many have a list of the most confused pairs beside them.

    Args:
        matrix: (C, C) counts; `matrix[i, j]` is how many of class i were taken for class j.
        classes: The C names, in the order of the class indices.
    """
    counts = np.asarray(matrix.detach().cpu().numpy(), dtype=np.float64)
    count = len(classes)
    totals = counts.sum(1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    if count <= NUMBERED:
        side = 2.6 + 0.42 * count
        figure = style.new_figure(side + 0.8, side)
        axes = figure.add_subplot()
    else:
        figure = style.new_figure(11.5, 6.6)
        axes, beside = figure.subplots(1, 2, width_ratios=[2.1, 1])
        _list_pairs(beside, counts, shares, classes)
    # many classes have faint cells of one pixel: a square root makes rare mistakes visible
    image = axes.imshow(shares, cmap="Blues", interpolation="nearest", norm=_norm(0.5 if count > NUMBERED else 1.0))
    bar = figure.colorbar(image, ax=axes, fraction=0.045, pad=0.02, ticks=[0, 0.1, 0.25, 0.5, 0.75, 1])
    bar.ax.set_yticklabels(["0", "10%", "25%", "50%", "75%", "100%"])
    bar.ax.tick_params(labelsize=style.SMALL, color=style.QUIET)
    bar.set_label("share of the true class", fontsize=style.NORMAL)
    bar.outline.set_visible(False)
    _name_axes(axes, classes)
    if count <= NUMBERED:
        _number_cells(axes, counts, shares)
    total = int(counts.sum())
    right = f"{np.trace(counts) / total:.1%} of {total:,} right" if total else "nothing counted"
    style.title(axes, right)
    return figure


def _norm(gamma: float) -> "PowerNorm":
    from matplotlib.colors import PowerNorm

    return PowerNorm(gamma, vmin=0, vmax=1)


def _name_axes(axes: "Axes", classes: Sequence[str]) -> None:
    axes.set_xlabel("predicted", fontsize=style.NORMAL)
    axes.set_ylabel("true", fontsize=style.NORMAL)
    axes.tick_params(length=0)
    axes.spines[:].set_color(style.QUIET)
    if len(classes) > NAMED:
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xlabel(f"predicted ({len(classes)} classes in the data set's order)", fontsize=style.NORMAL)
        return
    size = style.SMALL if len(classes) <= 24 else 6
    names = [style.short(name, 16) for name in classes]
    upright = max(map(len, names)) > 15 - len(names)  # characters that a cell is wide
    axes.set_xticks(range(len(names)), names, rotation=90 if upright else 0, fontsize=size, **style.PLAIN)
    axes.set_yticks(range(len(names)), names, fontsize=size, **style.PLAIN)


def _number_cells(axes: "Axes", counts: NDArray[np.float64], shares: NDArray[np.float64]) -> None:
    for (row, column), number in np.ndenumerate(counts):
        if number:
            color = "white" if shares[row, column] > 0.55 else style.INK
            size = style.SMALL if number < 10_000 else 6
            axes.text(column, row, f"{number:.0f}", ha="center", va="center", fontsize=size, color=color)


def _list_pairs(axes: "Axes", counts: NDArray[np.float64], shares: NDArray[np.float64], classes: Sequence[str]) -> None:
    mistakes = counts * (1 - np.eye(len(counts)))
    order = np.argsort(-mistakes, axis=None, kind="stable")[:PAIRS]
    pairs = [divmod(int(place), len(counts)) for place in order if mistakes.flat[place] > 0]
    style.title(axes, "most confused, true → predicted" if pairs else "no mistakes")
    axes.tick_params(length=0, labelsize=style.SMALL)
    axes.spines[:].set_visible(False)
    axes.set_xticks([])
    names = [f"{style.short(classes[i], 16)} → {style.short(classes[j], 16)}" for i, j in pairs]
    axes.set_yticks(range(len(pairs)), names, **style.PLAIN)
    widths = [mistakes[pair] for pair in pairs]
    bars = axes.barh(range(len(pairs)), widths, color=style.PREDICTED, height=0.6)
    axes.bar_label(
        bars,
        [f"{mistakes[pair]:.0f} ({shares[pair]:.0%})" for pair in pairs],
        padding=3,
        fontsize=style.SMALL,
    )
    axes.set_xlim(0, 1.5 * max(widths, default=1))
    axes.set_ylim(PAIRS - 0.4, -0.6)
