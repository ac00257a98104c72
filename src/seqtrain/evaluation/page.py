"""An evaluation on the terminal: metrics with their intervals, classes, the worst examples."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from seqtrain.batch import Spec
from seqtrain.evaluation.class_metrics import ClassEvaluation
from seqtrain.evaluation.files import Evaluation
from seqtrain.evaluation.label_metrics import LabelEvaluation
from seqtrain.evaluation.resampling import Estimate
from seqtrain.evaluation.worst import Row
from seqtrain.figures.style import short

_CLASSES, _WORST = 20, 5  # rows at most
_NAMES = {"calibration_error": "calibration", "average_precision": "avg precision"}


def page(
    title: str,
    evaluation: Evaluation,
    worst: Sequence[Row],
    spec: Spec,
    folder: Path,
    members: Mapping[str, Evaluation] = MappingProxyType({}),
) -> str:
    """Plain text, the same on a terminal and in a pipe.

    Args:
        members: what each run of an ensemble reaches alone.
    """
    lines = [title, "", f"{'':14}{'value':>10}{'95% interval':>24}"]
    for name, found in evaluation.metrics.items():
        lines.append(f"{_NAMES.get(name, name):14}{_number(found.value):>10}{_interval(found.low, found.high):>24}")
    if members:
        lines += ["", *_members(members)]
    if isinstance(evaluation, ClassEvaluation):
        lines += ["", *_classes(evaluation.per_class, evaluation.support, spec, "class")]
    elif isinstance(evaluation, LabelEvaluation):
        lines += ["", *_classes(evaluation.per_label, evaluation.support, spec, "label")]
    if worst:
        lines += ["", "highest loss", *(_worst(row) for row in worst[:_WORST])]
    return "\n".join([*lines, "", f"{'tables, figures':17}{folder}"])


def _members(members: Mapping[str, Evaluation]) -> list[str]:
    """A row a member, with the metrics that the ensemble has above."""
    wide = max(14, *(len(_member(name)) + 2 for name in members))
    names = list(next(iter(members.values())).metrics)
    lines = ["alone".ljust(wide) + "".join(f"{_NAMES.get(name, name):>12}" for name in names)]
    for member, found in members.items():
        lines.append(_member(member).ljust(wide) + "".join(f"{_number(found.metrics[n].value):>12}" for n in names))
    return lines


def _member(name: str) -> str:
    return short(name, 40)


def _classes(rates: Mapping[str, list[Estimate]], support: list[int], spec: Spec, title: str) -> list[str]:
    """A row a class or label; of many those with the lowest f1."""
    f1 = [each.value for each in rates["f1"]]
    order = list(range(len(spec.classes)))
    if len(order) > _CLASSES:
        order = sorted((c for c in order if support[c]), key=lambda c: f1[c])[:_CLASSES]
        title = f"lowest f1 of {len(spec.classes)}"
    lines = [f"{title:26}{'precision':>10}{'recall':>10}{'f1':>10}{'f1, 95%':>18}{'n':>6}"]
    for c in order:
        own = [rates[name][c] for name in ("precision", "recall", "f1")]
        cells = "".join(f"{_number(rate.value):>10}" for rate in own)
        within = _interval(own[-1].low, own[-1].high)
        lines.append(f"{short(spec.classes[c], 25):26}{cells}{within:>18}{support[c]:>6}")
    return lines


def _worst(row: Row) -> str:
    told = {key: value for key, value in row.items() if key not in ("rank", "name", "steps")}
    words = ", ".join(
        f"{key} {_number(value) if isinstance(value, float) else short(str(value), 18)}" for key, value in told.items()
    )
    return f"{row['rank']:3}  {short(str(row['name']), 30)}: {short(words, 120)}"


def _interval(low: float, high: float) -> str:
    return f"{_number(low)} to {_number(high)}" if math.isfinite(low) else ""


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "–"
