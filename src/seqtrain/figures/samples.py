"""Sequences as one looks at them, with the class or labels that they have and those that the model sees."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtrain.batch import Batch, Spec
from seqtrain.datasets.strokes import strokes_of
from seqtrain.figures import style
from seqtrain.labels import names_of, present
from seqtrain.sequences import View

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Paint = Callable[["Axes", NDArray[np.float32]], None]  # draws one sequence (T, F) without its padding


def spectrograms(batch: Batch, predictions: Tensor, spec: Spec, *, samples: int = 6) -> "Figure":
    """Some spectrograms, time to the right and mel bands upwards, titled with true and predicted class, or labels.

    Args:
        batch: `inputs` (B, T, F) and `targets` (B,) int64 or (B, C) float.
        predictions: (B, C) log-probabilities.
        spec: Of the data, which names the C classes.
        samples: How many at most; the first of each class come first.
    """
    import matplotlib

    shown = spread(batch.targets, samples)
    shades = matplotlib.colormaps["magma"].resampled(48)  # more would not be seen, and double the file
    valid = [batch.inputs[i, : batch.lengths[i]].flatten() for i in shown.tolist()]
    low, high = np.percentile(torch.cat(valid).float().cpu().numpy(), [1, 99.5])

    def paint(axes: "Axes", steps: NDArray[np.float32]) -> None:
        axes.imshow(steps.T, origin="lower", aspect="auto", cmap=shades, vmin=low, vmax=high, interpolation="nearest")
        style.whole_numbers(axes)
        _label(axes, "frame", "mel band")

    figure = _draw(batch, predictions, spec, shown, paint, right=_BAR)
    image, (width, _) = figure.get_axes()[0].get_images()[0], figure.get_size_inches()
    edges = figure.subplotpars
    place = (edges.right + 0.12 / width, edges.bottom, 0.1 / width, edges.top - edges.bottom)
    bar = figure.colorbar(image, cax=figure.add_axes(place))
    bar.set_label("log-mel energy", fontsize=style.SMALL)
    bar.ax.tick_params(labelsize=style.SMALL, color=style.QUIET)
    bar.outline.set_visible(False)
    return figure


def drawings(batch: Batch, predictions: Tensor, spec: Spec, *, samples: int = 6) -> "Figure":
    """Some drawings, titled with true and predicted class, or labels.

    Args:
        batch: `inputs` (B, T, 3): steps (dx, dy, pen); y grows downwards, as in Quick, Draw!, and pen 1
            says that the pen is lifted after this point. `targets` (B,) int64 or (B, C) float.
        predictions: (B, C) log-probabilities.
        spec: Of the data, which names the C classes.
        samples: How many at most; the first of each class come first.
    """
    return _draw(batch, predictions, spec, spread(batch.targets, samples), _drawing)


def series(batch: Batch, predictions: Tensor, spec: Spec, *, samples: int = 6) -> "Figure":
    """Some series, a line a feature (at most eight), titled with true and predicted class, or labels.

    A table's columns are named above.

    Args:
        batch: `inputs` (B, T, F) and `targets` (B,) int64 or (B, C) float.
        predictions: (B, C) log-probabilities.
        spec: Of the data, which names the C classes.
        samples: How many at most; the first of each class come first.
    """
    names = spec.columns if 1 < len(spec.columns) == spec.features else ()
    figure = _draw(batch, predictions, spec, spread(batch.targets, samples), _series, rows=-(-len(names[:_LINES]) // 4))
    lines = figure.axes[0].get_lines() if names else []
    for line, name in zip(lines, names, strict=False):
        line.set_label(style.short(name, 18))
    style.legend(figure, lines)
    return figure


SHOW: dict[View, Callable[..., "Figure"]] = {
    "spectrogram": spectrograms,
    "drawing": drawings,
    "curve": series,
}


def spread(targets: Tensor, samples: int) -> Tensor:
    """The positions of at most `samples` sequences: the first of every class, then the second, and so on.

    Args:
        targets: (N,) int64, or of labels (N, C), where each set of them is as a class
    """
    if targets.dim() == 2:
        targets = torch.unique(targets, dim=0, return_inverse=True)[1]
    seen: dict[int, int] = {}
    rank = []
    for position, target in enumerate(targets.tolist()):
        seen[target] = seen.get(target, 0) + 1
        rank.append((seen[target], position))
    return torch.tensor(sorted(sorted(rank)[:samples], key=lambda pair: pair[1]), dtype=torch.int64)[:, 1]


_LINES = 8  # features drawn of a sequence
_BAR = 0.8  # inches for the colours and their numbers
_TITLE = 15  # characters of a class that a panel's title has room for


def _draw(
    batch: Batch,
    predictions: Tensor,
    spec: Spec,
    shown: Tensor,
    paint: Paint,
    *,
    right: float = 0.0,
    rows: int = 0,
) -> "Figure":
    columns = 2 if len(shown) in (2, 4) else 3
    figure, grid = style.panels(len(shown), columns=columns, width=2.75, height=2.4, lines=2, rows=rows, right=right)
    for axes, sequence in zip(grid, shown.tolist(), strict=True):
        steps = batch.inputs[sequence, : batch.lengths[sequence]].detach().float().cpu().numpy()
        style.tidy(axes, grid=False)
        paint(axes, steps)
        true, predicted, right = _told(batch.targets[sequence], predictions[sequence].float(), spec.classes)
        sign, color = ("✓", style.TRUE) if right else ("✗", style.PREDICTED)
        style.title(axes, f"true {true}\n{sign} predicted {predicted}", color=color)
        if not right:
            axes.spines[:].set(visible=True, color=color, linewidth=2)
    return figure


def _told(target: Tensor, outputs: Tensor, classes: Sequence[str]) -> tuple[str, str, bool]:
    """What is true and what is predicted of a sequence, in words, and whether it is the same."""
    if target.is_floating_point():  # (C,) labels
        there, found = target > 0.5, present(outputs)
        words = [", ".join(names_of(row, classes)) or "nothing" for row in (there, found)]
        return style.short(words[0], 2 * _TITLE), style.short(words[1], 2 * _TITLE), bool((there == found).all())
    true, predicted = int(target), int(outputs.argmax())
    share = float(outputs.max().exp())
    return (
        style.short(classes[true], _TITLE),
        f"{style.short(classes[predicted], _TITLE)} ({share:.0%})",
        predicted == true,
    )


def _drawing(axes: "Axes", steps: NDArray[np.float32]) -> None:
    for stroke in strokes_of(steps):
        dot = "." if len(stroke) == 1 else ""  # a stroke of one point has no line
        axes.plot(*stroke.T, color=style.INK, linewidth=1.6, solid_capstyle="round", marker=dot, ms=4)
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.08)
    axes.invert_yaxis()
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=style.SHADE)


def _series(axes: "Axes", steps: NDArray[np.float32]) -> None:
    marker = "o" if len(steps) <= 20 else ""
    for feature, color in zip(steps.T[:_LINES], style.CLASSES, strict=False):
        axes.plot(feature, color=color, linewidth=1.1, marker=marker, ms=2.5)
    style.whole_numbers(axes)
    _label(axes, "step", "input" if steps.shape[1] <= _LINES else f"input ({_LINES} of {steps.shape[1]})")


def _label(axes: "Axes", x: str, y: str) -> None:
    """Names the axes of a panel; they are the same for all, so that the outer ones say it."""
    place = axes.get_subplotspec()
    if place is None or place.is_first_col():
        axes.set_ylabel(y, fontsize=style.SMALL)
    if place is None or place.is_last_row():
        axes.set_xlabel(x, fontsize=style.SMALL)
