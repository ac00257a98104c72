"""The loss by learning rate of a range test, and the rate that it suggests."""

from typing import TYPE_CHECKING

from seqtrain.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from seqtrain.lr_finder import RangeTest


def lr_finder(found: "RangeTest") -> "Figure":
    """Every loss, the smoothed ones as a line, and the suggestion where there is one."""
    figure, (axes,) = style.panels(1, columns=1, width=5.6, height=3.4, rows=1, lines=1)
    style.tidy(axes)
    smoothed = found.smoothed
    axes.plot(found.rates, found.losses, "o", color=style.QUIET, ms=2.5, alpha=0.7, label="of an update")
    axes.plot(found.rates, smoothed, color=style.TRUE, linewidth=1.6, label="smoothed")
    axes.set_xscale("log")
    low, start = min(smoothed), smoothed[0]
    room = 0.15 * max(start - low, 1e-3 * abs(start))
    axes.set_ylim(low - room, max(smoothed[: smoothed.index(low) + 1]) + 2 * room)
    suggested = found.suggestion
    if suggested is not None:
        at = found.rates.index(suggested)
        axes.plot(suggested, smoothed[at], "o", color=style.PREDICTED, ms=6, label=f"steepest: lr {suggested:.2g}")
    style.title(axes, "the loss as the learning rate grows at every update")
    axes.set_xlabel("learning rate", fontsize=style.NORMAL)
    axes.set_ylabel("loss", fontsize=style.NORMAL)
    style.legend(figure, axes.get_lines())
    return figure
