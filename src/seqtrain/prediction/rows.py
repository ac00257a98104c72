"""Answers as rows of a table, and as records: what each column is called, and what stands in it.

A table has the columns `id`, where each step is predicted `step` (from 0), and `prediction`: a value or the name of
the most probable class. Several values are `prediction_0`, `prediction_1`, …; each class has its `probability_NAME`.
Of labels the prediction is those that are more probable than not, with `;` between them.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from seqtrain.batch import Spec
from seqtrain.labels import SEPARATOR, names_of
from seqtrain.prediction.answers import Answer

Columns = dict[str, list[Any]]  # all of one length


def column_types(spec: Spec) -> dict[str, type]:
    """The columns of a table in order: str, int or float each."""
    types: dict[str, type] = {"id": str}
    if spec.per_step:
        types["step"] = int
    if spec.classes:
        return types | {"prediction": str} | {f"probability_{name}": float for name in spec.classes}
    return types | dict.fromkeys(value_names(spec), float)


def value_names(spec: Spec) -> list[str]:
    """What the columns of predicted values are called."""
    return ["prediction"] if spec.width == 1 else [f"prediction_{index}" for index in range(spec.width)]


def columns(some: Sequence[Answer], spec: Spec) -> Columns:
    """One row an answer, or one for each of its steps."""
    table: Columns = {name: [] for name in column_types(spec)}
    for name, outputs in some:
        rows = outputs if spec.per_step else outputs[None]  # (T, C) or (T, D)
        table["id"] += [name] * len(rows)
        if spec.per_step:
            table["step"] += range(len(rows))
        if spec.classes:
            table["prediction"] += [best(row, spec) for row in rows]
        names = [f"probability_{each}" for each in spec.classes] or value_names(spec)
        for each, column in zip(names, rows.T, strict=True):
            table[each] += numbers(column)
    return table


def record(answer: Answer, spec: Spec) -> dict[str, Any]:
    """One object for an answer: its prediction, or the list of those at its steps."""
    return {"id": answer.name, **told(answer.outputs, spec)}


def told(outputs: Tensor, spec: Spec) -> dict[str, Any]:
    """What was predicted, (C,), (D,) or with steps (T, C), (T, D), as plain values."""
    if spec.classes:
        if spec.predicts == "labels":
            said: str | list[str] = names_of(outputs > 0.5, spec.classes)
        else:
            said = best(outputs, spec) if outputs.dim() == 1 else [best(row, spec) for row in outputs]
        return {
            "prediction": said,
            "probabilities": {
                name: numbers(column) for name, column in zip(spec.classes, outputs.unbind(-1), strict=True)
            },
        }
    return {"prediction": numbers(outputs[..., 0] if spec.width == 1 else outputs)}


def best(probabilities: Tensor, spec: Spec) -> str:
    """The most probable class of (C,), or the labels that are more probable than not."""
    if spec.predicts == "labels":
        return SEPARATOR.join(names_of(probabilities > 0.5, spec.classes))
    return spec.classes[int(probabilities.argmax())]


def numbers(values: Tensor) -> Any:
    """Numbers, in lists as the tensor has dimensions, as short as they can be told apart from their neighbours."""
    if values.dim() == 0:
        return float(str(values.numpy()[()]))  # 0.1, where the nearest float64 of the float32 has 17 digits
    if values.dim() == 1:
        return [float(str(value)) for value in values.numpy()]
    return [numbers(each) for each in values]
