"""Curves: the loss of a run over its epochs, and predicted against true values at every step."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from seqtrain.batch import Batch
from seqtrain.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = Mapping[str, float | int | str | None]


def loss_curve(rows: Sequence[Row], *, best: float | None = None) -> "Figure":
    """Training and validation loss, with the best epoch marked.

    Args:
        rows: The rows of metrics.csv: `train/loss` and `val/loss` beside `epoch` or `step`, as numbers
            or as text; a cell may be missing or empty.
        best: The epoch to mark, or the step where rows have no epochs; by default the one with the lowest
            validation loss.
    """
    place = _place(rows)
    figure, (axes,) = style.panels(1, columns=1, width=7.2, height=3.8, lines=0, rows=1)
    style.tidy(axes)
    drawn: list[tuple[float, float]] = []
    handles = []
    for key, label, color in (
        ("train/loss", "training", style.TRUE),
        ("val/loss", "validation", style.PREDICTED),
    ):
        points = _points(rows, place, key)
        if points:
            marker = "o" if len(points) <= 40 else ""
            handles += axes.plot(*zip(*points, strict=True), color=color, label=label, marker=marker, ms=3)
            drawn += points
    if not drawn:
        axes.text(0.5, 0.5, "no finite loss was recorded", ha="center", transform=axes.transAxes)
    else:
        mark = _best(_points(rows, place, "val/loss"), _at(rows, place, best))
        if mark is not None:
            name = "epoch" if place == "epoch" else "update"
            label = f"best: {name} {mark[0]:,.0f}, {mark[1]:.3g}"
            axes.axvline(mark[0], color=style.QUIET, linewidth=0.8, linestyle=":")
            handles += axes.plot(*mark, "*", color=style.INK, ms=10, label=label, linestyle="none")
        losses = [loss for _, loss in drawn]
        if min(losses) > 0 and max(losses) > 20 * min(losses):
            style.decades(axes)
    axes.set_xlabel({"epoch": "epoch", "step": "optimizer updates"}[place], fontsize=style.NORMAL)
    style.whole_numbers(axes)
    axes.set_ylabel("loss", fontsize=style.NORMAL)
    style.legend(figure, handles)
    return figure


def predicted_curves(
    batch: Batch, predictions: Tensor, names: Sequence[str] | None = None, *, samples: int = 6
) -> "Figure":
    """Predicted against true values over the steps of some sequences.

    A panel a sequence; where several values are predicted, a row a value (at most four).
    Steps that are not scored are shaded; padding is left out.

    Args:
        batch: `targets` (B, T, D) float and `scored` (B, T) bool.
        predictions: (B, T, D) float.
        names: What the panels are called, one a sequence.
        samples: How many sequences at most (of several values at most three).
    """
    values = min(4, batch.targets.shape[2])
    count = min(samples if values == 1 else min(samples, 3), len(batch.lengths))
    columns = count if values > 1 else {1: 1, 2: 2, 4: 2}.get(count, 3)
    width = {1: 6.4, 2: 3.9}.get(columns, 3.1)
    figure, grid = style.panels(count * values, columns=columns, width=width, height=2.1, rows=1)
    truth, predicted = batch.targets.detach().cpu().numpy(), predictions.detach().float().cpu().numpy()
    scored = _scored(batch)
    alike = bool((batch.lengths[:count] == batch.lengths[0]).all())  # then the last row's numbers serve all
    for position, axes in enumerate(grid):
        value, sequence = divmod(position, count)
        steps = int(batch.lengths[sequence])
        counts = scored[sequence, :steps]
        pair = truth[sequence, :steps, value], predicted[sequence, :steps, value]
        _curves(axes, *pair, counts)
        name = f"sequence {int(batch.indices[sequence])}" if names is None else names[sequence]
        error = f"mse {np.square(pair[0] - pair[1])[counts].mean():.2g}" if counts.any() else "not scored"
        style.title(axes, f"{style.short(name)}, {error}" if value == 0 else error)
        if position % columns == 0:
            axes.set_ylabel("value" if values == 1 else f"value {value + 1}", fontsize=style.NORMAL)
        if position + columns >= len(grid):
            axes.set_xlabel("step", fontsize=style.NORMAL)
        elif alike:
            axes.tick_params(labelbottom=False)
    style.legend(figure, _handles(shaded=not all(scored[i, : int(batch.lengths[i])].all() for i in range(count))))
    return figure


def _curves(
    axes: "Axes", truth: NDArray[np.float32], predicted: NDArray[np.float32], scored: NDArray[np.bool_]
) -> None:
    style.tidy(axes)
    edges = np.flatnonzero(np.diff(np.concatenate([[True], scored, [True]]).astype(int)))
    for start, end in edges.reshape(-1, 2):  # runs of steps that do not count
        axes.axvspan(start - 0.5, end - 0.5, color=style.SHADE, linewidth=0)
    marker = "o" if len(truth) <= 20 else ""
    axes.plot(truth, color=style.TRUE, linewidth=2.6, alpha=0.55, marker=marker, ms=3)
    axes.plot(predicted, color=style.PREDICTED, linewidth=1.3, linestyle=(0, (4, 1.5)), marker=marker, ms=2)
    style.whole_numbers(axes)
    axes.set_xlim(-0.5, len(truth) - 0.5)


def _handles(*, shaded: bool) -> list[object]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[object] = [
        Line2D([], [], color=style.TRUE, linewidth=2.6, alpha=0.55, label="true"),
        Line2D([], [], color=style.PREDICTED, linewidth=1.3, linestyle=(0, (4, 1.5)), label="predicted"),
    ]
    return [*handles, Patch(color=style.SHADE, label="not scored")] if shaded else handles


def _scored(batch: Batch) -> NDArray[np.bool_]:
    if batch.scored is None:
        return np.ones(batch.inputs.shape[:2], dtype=bool)
    return np.asarray(batch.scored.cpu().numpy(), dtype=bool)


def _place(rows: Sequence[Row]) -> str:
    """`epoch` where at least two were recorded, else `step`."""
    epochs = {epoch for row in rows if (epoch := _number(row.get("epoch"))) is not None}
    steps = any(_number(row.get("step")) is not None for row in rows)
    return "epoch" if len(epochs) >= 2 or not steps else "step"


def _points(rows: Sequence[Row], place: str, key: str) -> list[tuple[float, float]]:
    pairs = ((_number(row.get(place)), _number(row.get(key))) for row in rows)
    return [(x, y) for x, y in pairs if x is not None and y is not None]


def _at(rows: Sequence[Row], place: str, best: float | None) -> float | None:
    """Where the best epoch is on the x-axis."""
    steps = (_number(row.get(place)) for row in rows if best is not None and _number(row.get("epoch")) == best)
    return next(steps, best)


def _best(points: list[tuple[float, float]], best: float | None) -> tuple[float, float] | None:
    if best is None:
        return min(points, key=lambda point: point[1], default=None)
    return next((point for point in points if point[0] == best), None)


def _number(cell: float | int | str | None) -> float | None:
    if cell is None or cell == "":
        return None
    number = float(cell)
    return number if math.isfinite(number) else None
