"""Accuracy against time: a panel for each data set, a named dot for each model."""

from statistics import fmean
from typing import TYPE_CHECKING

from compared.reached import Reached
from compared.sweeps import Plan
from seqtrain.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 3
_ONE_SEED, _SEVERAL = style.CLASSES[0], style.CLASSES[5]
_LINE, _LETTER, _DOT = (
    0.045,
    0.019,
    0.01,
)  # heights of a line and widths of a letter and half a dot, as shares of a panel


def accuracy_against_time(reached: list[Reached], plan: Plan) -> "Figure":
    """Test metric, better is higher, against CPU seconds of a run: blue of one seed, vermilion of several.

    Dots of several seeds have a bar, the 95% interval of their mean; it may leave the panel.
    """
    figure, grid = style.panels(len(reached), columns=_COLUMNS, width=3.9, height=3.5)
    for axes, each in zip(grid, reached, strict=True):
        _panel(axes, each, plan)
    for axes in grid[-_COLUMNS:]:
        axes.set_xlabel("CPU seconds of a run", fontsize=style.NORMAL)
    return figure


def _panel(axes: "Axes", reached: Reached, plan: Plan) -> None:
    from matplotlib.ticker import LogLocator

    style.tidy(axes)
    style.decades(axes, "x")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    unit = 1 if reached.lower_is_better else 100
    dots = []
    for models in plan.models:
        color = _SEVERAL if len(models.seeds) > 1 else _ONE_SEED
        for model in models.names:
            value, trials = reached.value(model), reached.of(model)
            if value is None:
                continue
            seconds = fmean(trial.cpu_seconds for trial in trials)
            axes.errorbar(
                seconds, unit * value.mean, unit * (value.half or 0), fmt="o", color=color, ms=4, elinewidth=1
            )
            dots.append((unit * value.mean, seconds, model, color))
    if dots:
        means = sorted(mean for mean, *_ in dots)
        margin = 0.08 * (means[-1] - means[0]) or 0.1 * means[0]
        axes.set_ylim(means[0] - margin, means[-1] + margin)
    if reached.lower_is_better:
        axes.invert_yaxis()
    _names(axes, dots)
    style.title(axes, reached.data.name + ("" if reached.lower_is_better else ": accuracy, %"))


def _names(axes: "Axes", dots: list[tuple[float, float, str, str]]) -> None:
    """Each model's name beside its dot, where it lies on no other name or dot and as near as that allows."""
    to_axes = axes.transData + axes.transAxes.inverted()
    places = [tuple(to_axes.transform((seconds, value))) for value, seconds, _, _ in dots]
    taken = [(x - _DOT, x + _DOT, y) for x, y in places]  # left, right and middle height, as shares of the panel
    for (x, y), (*_, name, color) in zip(places, dots, strict=True):
        wide = _LETTER * len(name)
        free = (
            (left, height)
            for away in range(20)
            for height in (y + away * _LINE / 4, y - away * _LINE / 4)
            for left in (x + 2 * _DOT, x - 2 * _DOT - wide)
            if 0 < left < 1.02 - wide
            and 0 < height < 1
            and not any(a < left + wide and left < b and abs(height - at) < _LINE for a, b, at in taken)
        )
        left, height = next(free, (x + 2 * _DOT, y))
        taken.append((left, left + wide, height))
        axes.text(left, height, name, transform=axes.transAxes, fontsize=style.SMALL - 1, color=color, va="center")
