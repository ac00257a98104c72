"""Classes at every step: a band of true classes over a band of predicted ones."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from seqtrain.batch import Batch, valid_steps
from seqtrain.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ACROSS = 5  # names beside each other in the legend
OTHER, UNSCORED, RIGHT, WRONG = range(len(style.CLASSES), len(style.CLASSES) + 4)


def class_bands(
    batch: Batch,
    predictions: Tensor,
    classes: Sequence[str],
    names: Sequence[str] | None = None,
    *,
    samples: int = 6,
) -> "Figure":
    """True classes over predicted ones along the steps of some sequences; a third band marks mistakes.

    The most frequent classes have a colour each, the others share one. Padding is left out.

    Args:
        batch: `targets` (B, T) int64 and `scored` (B, T) bool.
        predictions: (B, T, C) log-probabilities.
        classes: The C names, in the order of the class indices.
        names: What the panels are called, one a sequence.
        samples: How many sequences at most.
    """
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    count = min(samples, len(batch.lengths))
    valid = valid_steps(batch.lengths, batch.inputs.shape[1])
    truth, predicted = batch.targets[:count].cpu().numpy(), predictions[:count].argmax(-1).cpu().numpy()
    inside = valid[:count].cpu().numpy()
    scored = inside if batch.scored is None else batch.scored[:count].cpu().numpy()
    frequency = np.bincount(np.concatenate([truth[inside], predicted[inside]]), minlength=len(classes))
    ranked = np.argsort(-frequency, kind="stable")[: len(style.CLASSES)]
    coloured = sorted(int(index) for index in ranked if frequency[index] > 0)
    codes = np.full(len(classes), OTHER)
    codes[coloured] = range(len(coloured))
    shades = ListedColormap([*style.CLASSES, style.QUIET, style.SHADE, "white", style.INK])

    rows = -(-(len(coloured) + 2) // _ACROSS)
    figure, grid = style.panels(count, columns=1, width=7.6, height=1.0, rows=rows)
    for sequence, axes in enumerate(grid):
        steps = int(batch.lengths[sequence])
        true, said, counts = truth[sequence, :steps], predicted[sequence, :steps], scored[sequence, :steps]
        wrong = (true != said) & counts
        bands = np.stack(
            [
                np.where(counts, codes[true], UNSCORED),
                codes[said],
                np.where(wrong, WRONG, RIGHT),
            ]
        )
        axes.imshow(bands, cmap=shades, vmin=0, vmax=WRONG, aspect="auto", interpolation="nearest")
        axes.set_yticks([0, 1, 2], ["true", "predicted", "✗ wrong"])
        axes.set_yticks([0.5, 1.5], minor=True)
        axes.grid(which="minor", axis="y", color="white", linewidth=2)
        axes.tick_params(labelsize=style.SMALL, length=0, which="both")
        axes.spines[:].set_visible(False)
        name = f"sequence {int(batch.indices[sequence])}" if names is None else names[sequence]
        right = f"{1 - wrong.sum() / counts.sum():.1%} of steps right" if counts.any() else "not scored"
        style.title(axes, f"{style.short(name)}, {right}")
    longest = int(batch.lengths[:count].max())
    for axes in grid:
        axes.set_xlim(-0.5, longest - 0.5)
        style.whole_numbers(axes)
        axes.tick_params(labelbottom=axes is grid[-1])
    grid[-1].set_xlabel("step", fontsize=style.NORMAL)
    grid[-1].tick_params(axis="x", which="major", length=3, color=style.QUIET)
    handles = [
        Patch(color=style.CLASSES[code], label=style.short(classes[index])) for code, index in enumerate(coloured)
    ]
    if np.count_nonzero(frequency) > len(coloured):
        handles.append(Patch(color=style.QUIET, label="other classes"))
    if not scored[inside].all():
        handles.append(Patch(color=style.SHADE, label="not scored"))
    style.legend(figure, handles, columns=_ACROSS)
    return figure
