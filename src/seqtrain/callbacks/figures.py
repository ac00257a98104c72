"""The figures of a finished run: as PNG in its folder, and in its loggers."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from seqtrain.batch import Batch, Spec
from seqtrain.figures.confusion import confusion
from seqtrain.figures.curves import Row, loss_curve
from seqtrain.figures.for_task import figures_for
from seqtrain.figures.found_labels import found_labels
from seqtrain.figures.style import pixels
from seqtrain.loggers import log_figure
from seqtrain.ranges import Count
from seqtrain.sequences import View

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger


def draw(
    folder: Path,
    loggers: Sequence["Logger"],
    *,
    spec: Spec,
    view: View,
    batch: Batch,
    predictions: Tensor,
    rows: Sequence[Row],
    best: float | None = None,
    counts: Tensor | None = None,
    names: Sequence[str] | None = None,
    step: int = 0,
    samples: Count = 6,
) -> list[Path]:
    """Draw what a run has learnt; returns the files, in `folder`.

    Args:
        folder: where the PNG files go; made where it is missing.
        loggers: those of the run; each shows the same figures as `figures/NAME` at `step`.
        spec: what the data set predicts, and its classes.
        view: how one sequence is looked at.
        batch: sequences of the test set as the data set gives them. A few hundred are well: mistakes are looked
            for among all of them, and the scatter of a regression shows all.
        predictions: of the best checkpoint for them, as `network(inputs, lengths)` gives them.
        rows: of metrics.csv, as `figures.loss_curve` takes them.
        best: the epoch whose weights are tested.
        counts: (C, C) over the whole test set, true class by predicted class; of labels (3, C), as `found_labels` says.
        names: what each sequence is called.
        step: updates of the whole training.
        samples: sequences shown in one figure.
    """
    from PIL import Image

    drawn = {"loss_curve": loss_curve(rows, best=best)} if rows else {}
    drawn |= figures_for(spec, view, batch, predictions, names=names, samples=samples)
    if counts is not None and spec.predicts == "labels":
        drawn["found_labels"] = found_labels(counts, spec.classes)
    elif counts is not None:
        drawn["confusion"] = confusion(counts, spec.classes)
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, figure in drawn.items():
        image, file = Image.fromarray(pixels(figure)), folder / f"{name}.png"
        image.save(file, compress_level=1)  # half of the time, for a twentieth more bytes
        for logger in loggers:
            log_figure(logger, name, file, image.size, step=step)
        files.append(file)
    return files
