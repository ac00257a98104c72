"""How well each of several labels is found: precision and recall, a row a label."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from seqtrain.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST = 40  # labels that are drawn: those that most sequences have


def found_labels(counts: Tensor, labels: Sequence[str]) -> "Figure":
    """Precision and recall of each label, those that most sequences have above.

    Args:
        counts: (3, C): sequences of which a label is found rightly, that have it, of which it is predicted.
        labels: The C names.
    """
    hits, actual, predicted = counts.detach().cpu().double().numpy()
    order = np.argsort(-actual, kind="stable")[:_MOST]
    precision, recall = (
        np.divide(hits, total, out=np.full_like(hits, np.nan), where=total > 0)[order] for total in (predicted, actual)
    )
    figure = style.new_figure(6.6, 1.2 + 0.24 * len(order))
    axes = figure.add_subplot()
    style.tidy(axes)
    rows = np.arange(len(order))
    axes.hlines(rows, precision, recall, color=style.QUIET, linewidth=1.4)
    handles = [
        *axes.plot(precision, rows, "o", ms=5, color=style.PREDICTED, label="precision"),
        *axes.plot(recall, rows, "D", ms=5, color=style.TRUE, label="recall"),
    ]
    names = [f"{style.short(labels[c], 20)} ({actual[c]:.0f})" for c in order.tolist()]
    axes.set_yticks(rows, names, fontsize=style.SMALL, **style.PLAIN)
    axes.set(xlim=(-0.03, 1.03), ylim=(len(order) - 0.4, -0.6))
    axes.set_xlabel("share", fontsize=style.NORMAL)
    pairs = (actual + predicted).sum()
    micro = 2 * hits.sum() / pairs if pairs else 1.0
    few = f", {_MOST} of {len(labels)} labels" if len(labels) > _MOST else ""
    style.title(axes, f"f1 over all labels {micro:.3f}{few}")
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1, 1), fontsize=style.SMALL, frameon=False)
    return figure
