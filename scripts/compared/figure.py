"""Accuracy against time: a panel for each data set, a named dot for each model."""

from typing import TYPE_CHECKING

from compared.found import Found
from seqtrain.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 3
_LINE, _LETTER = 0.05, 0.02  # of a name, as shares of a panel's height and width


def accuracy_against_time(found: list[Found], models: list[str], several: list[str]) -> "Figure":
    """Test metric, better is higher, against CPU seconds of a run.

    Args:
        found: what to draw, a panel each.
        models: all of them.
        several: those of several seeds, which have another colour and a bar for the 95% interval.
    """
    figure, grid = style.panels(len(found), columns=_COLUMNS, width=3.9, height=3.5)
    for axes, each in zip(grid, found, strict=True):
        _panel(axes, each, models, several)
    for axes in grid[-_COLUMNS:]:
        axes.set_xlabel("CPU seconds of a run", fontsize=style.NORMAL)
    return figure


def _panel(axes: "Axes", found: Found, models: list[str], several: list[str]) -> None:
    from matplotlib.ticker import LogLocator

    style.tidy(axes)
    style.decades(axes, "x")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    percent = 1 if found.lower_is_better else 100
    dots = []
    for model in models:
        value, trials = found.value(model), found.of(model)
        if value is not None:
            seconds = sum(trial.cpu_seconds for trial in trials) / len(trials)
            color = style.PREDICTED if model in several else style.TRUE
            axes.errorbar(
                seconds, percent * value.mean, percent * (value.half or 0), fmt="o", color=color, ms=4, elinewidth=1
            )
            dots.append((percent * value.mean, seconds, model, color))
    means = sorted(value for value, *_ in dots)
    if means:
        margin = 0.08 * (means[-1] - means[0]) or 1.0
        axes.set_ylim(means[0] - margin, means[-1] + margin)
    if found.lower_is_better:
        axes.invert_yaxis()
    _names(axes, dots)
    style.title(axes, found.data.name + (": accuracy, %" if percent == 100 else ""))


def _names(axes: "Axes", dots: list[tuple[float, float, str, str]]) -> None:
    """Each model's name beside its dot, or as far above as it lies on no other name."""
    to_axes = axes.transData + axes.transAxes.inverted()
    taken: list[tuple[float, float, float]] = []  # left, right and middle height, as shares of the panel
    for value, seconds, name, color in sorted(dots):
        x, y = to_axes.transform((seconds, value))
        wide = _LETTER * len(name)
        left = x + 0.02 if x + 0.02 + wide < 1.05 else x - 0.02 - wide
        right = left + wide
        beside = [height for other, end, height in taken if other < right and left < end]
        while any(abs(y - height) < _LINE for height in beside):
            y += _LINE / 4
        taken.append((left, right, y))
        axes.text(left, y, name, transform=axes.transAxes, fontsize=style.SMALL - 1, color=color, va="center")
