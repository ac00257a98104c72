"""Sequences to which values belong, beside what a model says they are."""

from typing import TYPE_CHECKING

from torch import Tensor

from seqtrain.batch import Batch
from seqtrain.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LINES, _NUMBERS = 8, 2  # features drawn of a sequence, values named in a title


def valued_series(batch: Batch, predictions: Tensor, *, samples: int = 6) -> "Figure":
    """The first sequences, a line a feature (at most eight), titled with true and predicted values (at most two).

    Args:
        batch: `inputs` (B, T, F) and `targets` (B, D) float.
        predictions: (B, D) float.
        samples: How many at most.
    """
    count = min(samples, len(batch.lengths))
    columns = 2 if count in (2, 4) else 3
    figure, grid = style.panels(count, columns=columns, width=2.75, height=2.3, lines=2)
    for row, axes in enumerate(grid):
        steps = batch.inputs[row, : batch.lengths[row]].detach().float().cpu().numpy()
        style.tidy(axes, grid=False)
        marker = "o" if len(steps) <= 20 else ""
        for feature, color in zip(steps.T[:_LINES], style.CLASSES, strict=False):
            axes.plot(feature, color=color, linewidth=1.1, marker=marker, ms=2.5)
        style.whole_numbers(axes)
        style.title(axes, f"true {_said(batch.targets[row])}\npredicted {_said(predictions[row])}")
        if row % columns == 0:
            axes.set_ylabel("input", fontsize=style.SMALL)
        if row + columns >= count:
            axes.set_xlabel("step", fontsize=style.SMALL)
    return figure


def _said(values: Tensor) -> str:
    numbers = ", ".join(f"{value:.4g}" for value in values[:_NUMBERS].tolist())
    return numbers + (", …" if len(values) > _NUMBERS else "")
