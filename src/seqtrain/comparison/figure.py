"""The figure of a comparison: validation loss of the best groups, and the ranking with its intervals."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtrain.comparison.cells import group_label
from seqtrain.comparison.groups import Group, short_names, telling
from seqtrain.comparison.ranking import Ranking, Row
from seqtrain.comparison.runs import read_curve
from seqtrain.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5b4a8a", style.INK)
_MOST = 24  # groups that the ranking has room for
_CHARACTER = 0.067  # inches of a label


def comparison_figure(ranking: Ranking) -> "Figure":
    """Left the validation loss by epoch, mean and range of each group's runs; right the metric with its interval.

    The best eight groups have a curve, in the colour of their dot; the best 24 have a dot. Titles say what is not
    drawn.
    """
    rows = [row for row in ranking.rows if row.estimate is not None]
    shown = rows[:_MOST]
    labels = _labels(ranking, shown)
    figure, left, right = _panels(len(shown), max(map(len, labels)))
    _curves(left, [row.group for row in rows])
    _dots(right, shown, labels)
    style.title(right, ranking.metric.name + _best_of(len(shown), len(rows)))
    return figure


def mean_and_range(group: Group) -> NDArray[np.float64]:
    """(4, E): epochs that all runs of a group validated; mean, lowest and highest validation loss of the runs.

    So the line is over the same runs at every epoch, and ends where the first of them stopped.
    """
    curves = [curve for run in group.completed if (curve := read_curve(run))]
    if not curves:
        return np.empty((4, 0))
    epochs = sorted(set.intersection(*(set(curve) for curve in curves)))
    losses = np.array([[curve[epoch] for epoch in epochs] for curve in curves])  # (runs, E)
    return np.stack([np.array(epochs), losses.mean(0), losses.min(0), losses.max(0)])


def _curves(axes: "Axes", groups: Sequence[Group]) -> None:
    style.tidy(axes)
    drawn = []
    for group, color in zip(groups, _COLORS, strict=False):
        epochs, mean, low, high = mean_and_range(group)
        axes.fill_between(epochs, low, high, color=color, alpha=0.18, linewidth=0)
        axes.plot(epochs, mean, color=color, linewidth=1.6, marker="o" if len(epochs) < 3 else "", ms=4)
        drawn.append(np.concatenate([low, high]))
    losses = np.concatenate(drawn) if drawn else np.empty(0)
    if not len(losses):
        axes.text(0.5, 0.5, "no validation loss was recorded", ha="center", transform=axes.transAxes)
    elif losses.min() > 0 and losses.max() > 20 * losses.min():
        style.decades(axes)
    axes.set_xlabel("epoch", fontsize=style.NORMAL)
    axes.set_ylabel("validation loss", fontsize=style.NORMAL)
    style.whole_numbers(axes)
    style.title(axes, "mean and range of the runs" + _best_of(min(len(groups), len(_COLORS)), len(groups)))


def _labels(ranking: Ranking, rows: Sequence[Row]) -> list[str]:
    names = telling(ranking.columns, [row.group for row in ranking.rows])
    short = short_names(ranking.columns)
    return [style.short(group_label(row.group, names, short) or "all runs", 44) for row in rows]


def _panels(rows: int, longest: int) -> "tuple[Figure, Axes, Axes]":
    """Two panels, with room between them for labels of so many characters. Told: measuring takes 0.3 s."""
    panel, between, high = 4.2, 0.4 + _CHARACTER * longest, max(2.6, 0.22 * rows)
    wide, tall = 0.75 + panel + between + panel + 0.5, 0.5 + high + 0.35
    figure = style.new_figure(wide, tall, measured=False)
    first, second = (
        figure.add_axes((start / wide, 0.5 / tall, panel / wide, high / tall))
        for start in (0.75, 0.75 + panel + between)
    )
    return figure, first, second


def _dots(axes: "Axes", rows: Sequence[Row], labels: Sequence[str]) -> None:
    style.tidy(axes)
    for place, row in enumerate(rows):
        assert row.estimate is not None
        color = _COLORS[place] if place < len(_COLORS) else style.QUIET
        half = row.estimate.half
        axes.errorbar(row.estimate.mean, place, xerr=half, fmt="o", ms=5, color=color, elinewidth=1.6, capsize=0)
        axes.annotate(
            f"n={row.estimate.n}", (1, place), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", va="center", fontsize=style.SMALL, color=style.QUIET,
        )  # fmt: skip
    axes.set_yticks(range(len(rows)), labels, **style.PLAIN)
    axes.set_ylim(len(rows) - 0.4, -0.6)  # the best on top
    values = [row.estimate.mean for row in rows if row.estimate is not None]
    if min(values) > 0 and max(values) > 20 * min(values):
        style.decades(axes, "x")
    axes.set_xlabel("mean and 95% interval", fontsize=style.NORMAL)


def _best_of(shown: int, count: int) -> str:
    return f", best {shown} of {count} groups" if shown < count else ""
