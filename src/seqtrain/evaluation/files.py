"""The files of an evaluation: metrics.json, tables as CSV, figures as PNG."""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seqtrain.batch import Batch, Spec
from seqtrain.evaluation.class_metrics import ClassEvaluation
from seqtrain.evaluation.label_metrics import LabelEvaluation
from seqtrain.evaluation.outcomes import Outcomes
from seqtrain.evaluation.resampling import Estimate
from seqtrain.evaluation.value_metrics import ValueEvaluation
from seqtrain.evaluation.worst import Row
from seqtrain.figures.bands import class_bands
from seqtrain.figures.confusion import confusion
from seqtrain.figures.curves import predicted_curves
from seqtrain.figures.found_labels import found_labels
from seqtrain.figures.reliability import reliability
from seqtrain.figures.residuals import residuals
from seqtrain.figures.samples import SHOW
from seqtrain.figures.scatter import regression_scatter
from seqtrain.figures.style import pixels
from seqtrain.figures.valued import valued_series
from seqtrain.run_folder import write_text
from seqtrain.sequences import View

Evaluation = ClassEvaluation | LabelEvaluation | ValueEvaluation


def write_tables(
    folder: Path, evaluation: Evaluation, facts: Mapping[str, Any], worst: Sequence[Row], spec: Spec
) -> None:
    """metrics.json, worst.csv, and classes.csv with confusion.csv, labels.csv, or values.csv of several."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = {name: _plain(each) for name, each in evaluation.metrics.items()}
    write_text(folder / "metrics.json", json.dumps({**facts, "metrics": plain}, indent=2) + "\n")
    _write_csv(folder / "worst.csv", worst)
    if isinstance(evaluation, ClassEvaluation):
        counted = [{"class": name, "support": evaluation.support[c]} for c, name in enumerate(spec.classes)]
        _write_csv(folder / "classes.csv", _with_estimates(counted, evaluation.per_class))
        matrix = evaluation.confusion.tolist()
        names = list(spec.classes)
        rows = [{"true \\ predicted": name} | dict(zip(names, matrix[c], strict=True)) for c, name in enumerate(names)]
        _write_csv(folder / "confusion.csv", rows)
    elif isinstance(evaluation, LabelEvaluation):
        counted = [{"label": name, "support": evaluation.support[c]} for c, name in enumerate(spec.classes)]
        _write_csv(folder / "labels.csv", _with_estimates(counted, evaluation.per_label))
    elif spec.width > 1:
        _write_csv(
            folder / "values.csv", _with_estimates([{"value": d + 1} for d in range(spec.width)], evaluation.per_value)
        )


def write_members(folder: Path, members: Mapping[str, Evaluation]) -> None:
    """members.csv: a row for each run of an ensemble, with its own metrics."""
    rows: list[Row] = [{"member": name} for name in members]
    names = list(next(iter(members.values())).metrics)
    columns = {name: [each.metrics[name] for each in members.values()] for name in names}
    _write_csv(folder / "members.csv", _with_estimates(rows, columns))


def draw_figures(
    folder: Path,
    evaluation: Evaluation,
    outcomes: Outcomes,
    spec: Spec,
    view: View,
    worst: Batch,
    outputs: list[Tensor],
    names: list[str],
) -> list[Path]:
    """The figures that fit what is predicted; returns their files.

    Args:
        worst: the worst examples as the data set gives them.
        outputs: what the network puts out for each of them.
        names: what each is called.
    """
    from PIL import Image

    if isinstance(evaluation, ClassEvaluation):
        drawn = {
            "confusion": confusion(evaluation.confusion, spec.classes),
            "reliability": reliability(evaluation.reliability, evaluation.metrics["calibration_error"].value),
        }
    elif isinstance(evaluation, LabelEvaluation):
        drawn = {"found_labels": found_labels(evaluation.counts, spec.classes)}
    else:
        drawn = {"residuals": residuals(outcomes.truth, outcomes.predicted)}
        if not spec.per_step:
            drawn["predicted_values"] = regression_scatter(outcomes.truth, outcomes.predicted)
    predicted = torch.nn.utils.rnn.pad_sequence(outputs, batch_first=True) if spec.per_step else torch.stack(outputs)
    count = len(names)
    if spec.predicts in ("classes", "labels"):
        drawn["worst"] = SHOW[view](worst, predicted, spec, samples=count)
    elif spec.predicts == "step_classes":
        drawn["worst"] = class_bands(worst, predicted, spec.classes, names, samples=count)
    elif spec.predicts == "step_values":
        drawn["worst"] = predicted_curves(worst, predicted, names, samples=count)
    else:
        drawn["worst"] = valued_series(worst, predicted, samples=count)
    files = []
    for name, figure in drawn.items():
        files.append(folder / f"{name}.png")
        Image.fromarray(pixels(figure)).save(files[-1])
    return files


def _plain(found: Estimate) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in found._asdict().items()}


def _with_estimates(rows: list[Row], columns: Mapping[str, Sequence[Estimate]]) -> list[Row]:
    """Each estimate as three columns: f1, f1_low, f1_high."""
    for name, estimates in columns.items():
        for row, found in zip(rows, estimates, strict=True):
            row |= {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
    return rows


def _write_csv(path: Path, rows: Sequence[Row]) -> None:
    """A cell is empty where a number is undefined."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        if rows:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)


def _cell(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else ""
    return value
