"""Which figures fit what a model predicts and how its data is looked at."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from seqtrain.batch import Batch, Spec
from seqtrain.figures.bands import class_bands
from seqtrain.figures.curves import predicted_curves
from seqtrain.figures.samples import SHOW
from seqtrain.figures.scatter import regression_scatter
from seqtrain.labels import present
from seqtrain.sequences import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figures_for(
    spec: Spec,
    view: View,
    batch: Batch,
    predictions: Tensor,
    *,
    names: Sequence[str] | None = None,
    samples: int = 6,
) -> "dict[str, Figure]":
    """The figures that fit a task, by name.

    Args:
        spec: What the data set predicts, and its classes.
        view: How one sequence is looked at.
        batch: Some sequences, as the data set gives them (not normalised). More than `samples` of them
            are welcome: mistakes are looked for among all, and the scatter shows all.
        predictions: What `network(inputs, lengths)` gives for them: (B, T, D) or (B, D) values, (B, T, C) or
            (B, C) log-probabilities.
        names: What each sequence is called.
        samples: How many sequences are shown.
    """
    if spec.predicts == "step_values":
        return {"predicted_curves": predicted_curves(batch, predictions, names, samples=samples)}
    if spec.predicts == "step_classes":
        return {"predicted_steps": class_bands(batch, predictions, spec.classes, names, samples=samples)}
    if spec.predicts == "values":
        return {"predicted_values": regression_scatter(batch.targets, predictions)}
    show = SHOW[view]
    figures = {"samples": show(batch, predictions, spec, samples=samples)}
    if spec.predicts == "labels":
        wrong = (present(predictions) != (batch.targets > 0.5)).any(1).nonzero()[:, 0]
    else:
        wrong = (predictions.argmax(-1) != batch.targets).nonzero()[:, 0]
    if len(wrong):
        mistakes = batch._replace(
            inputs=batch.inputs[wrong],
            lengths=batch.lengths[wrong],
            targets=batch.targets[wrong],
            indices=batch.indices[wrong],
        )
        figures["mistakes"] = show(mistakes, predictions[wrong], spec, samples=samples)
    return figures
