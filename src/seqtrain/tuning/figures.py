"""The figures of a search: every trial's value in its order, and which settings mattered."""

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seqtrain.figures import style
from seqtrain.tuning.study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from optuna.trial import FrozenTrial

_WIDE = 20.0  # values that differ by more than this factor are shown on a logarithm


def draw_search(study: Study, shares: Mapping[str, float]) -> list[Path]:
    """Draw the search into its folder; returns the files.

    Args:
        study: with any number of trials.
        shares: importance by setting; nothing is drawn of none.
    """
    plan = study.plan
    figures = {"history": history(study.trials(), name=plan.monitor, less_is_better=plan.less_is_better)}
    figures |= (
        {"importance": importance_bars(shares, name=plan.monitor, completed=study.count("complete"))} if shares else {}
    )
    return [_write(figure, study.folder / f"{name}.png") for name, figure in figures.items()]


def history(trials: "Sequence[FrozenTrial]", *, name: str, less_is_better: bool) -> "Figure":
    """Values by number: completed and pruned trials as points, failed ones at the bottom, the best so far as a line.

    Args:
        trials: of Optuna's; a pruned one is shown with the best score that it had.
        name: of the metric.
        less_is_better: of it.
    """
    figure = style.new_figure(7.2, 4.2)
    axes = figure.add_subplot()
    style.tidy(axes)
    done, pruned = _points(trials, "COMPLETE"), _points(trials, "PRUNED")
    values = [value for _, value in done + pruned]
    if values and min(values) > 0 and max(values) > _WIDE * min(values):
        axes.set_yscale("log")
    if not values:
        axes.text(0.5, 0.5, "no trial has a value", ha="center", transform=axes.transAxes)
    for points, look, color, word in ((done, "o", style.TRUE, "completed"), (pruned, "x", style.QUIET, "pruned")):
        if points:
            axes.plot(*zip(*points, strict=True), look, color=color, ms=5, alpha=0.8, label=f"{word} ({len(points)})")
    failed = [trial.number for trial in trials if trial.state.name == "FAIL"]
    if failed:
        label, bottom = f"failed ({len(failed)})", axes.get_xaxis_transform()
        axes.plot(failed, [0.02] * len(failed), "^", color=style.INK, ms=5, transform=bottom, label=label)
    if done:
        pick = min if less_is_better else max
        best = [pick(value for _, value in done[: count + 1]) for count in range(len(done))]
        numbers = [number for number, _ in done]
        line = [*numbers, trials[-1].number], [*best, best[-1]]
        axes.plot(*line, color=style.PREDICTED, drawstyle="steps-post", linewidth=1.5, zorder=1.5, label="best so far")
    axes.set_xlabel("trial", fontsize=style.NORMAL)
    axes.set_ylabel(name, fontsize=style.NORMAL)
    style.whole_numbers(axes)
    handles, _ = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles=handles, loc="outside upper center", ncols=4, fontsize=style.SMALL, frameon=False)
    return figure


def importance_bars(shares: Mapping[str, float], *, name: str, completed: int) -> "Figure":
    """A bar for each setting, the largest on top.

    Args:
        shares: importance by setting, which add up to 1.
        name: of the metric.
        completed: trials that it is of.
    """
    figure = style.new_figure(7.2, 1.0 + 0.34 * len(shares))
    axes = figure.add_subplot()
    style.tidy(axes, grid=False)
    names = sorted(shares, key=lambda each: shares[each])
    bars = axes.barh(range(len(names)), [shares[each] for each in names], color=style.TRUE, height=0.62)
    axes.bar_label(bars, fmt=lambda share: f"{share:.0%}", padding=3, fontsize=style.SMALL)
    axes.set_yticks(range(len(names)), [style.short(each, 34) for each in names])
    axes.set_xlim(0, 1.1 * max(shares.values()))
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(left=False)
    style.title(axes, f"Importance for {name}, of {completed} completed trials (PED-ANOVA)")
    return figure


def _points(trials: "Sequence[FrozenTrial]", state: str) -> list[tuple[int, float]]:
    mine = ((trial.number, trial.value) for trial in trials if trial.state.name == state)
    return [(number, value) for number, value in mine if value is not None and math.isfinite(value)]


def _write(figure: "Figure", path: Path) -> Path:
    """Replace a PNG at once: two processes may end the same search at the same time."""
    from PIL import Image

    temporary = path.with_name(f".{path.stem}-{os.getpid()}.png")
    Image.fromarray(style.pixels(figure)).save(temporary)
    os.replace(temporary, path)
    return path
