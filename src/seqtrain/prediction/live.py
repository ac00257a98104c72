"""One line in, one line out: steps that arrive on a stream are answered as they come.

A line is one step: numbers with commas, or a JSON array of them. An empty line begins a new sequence. A first line
of words is a header, and passed over. Values are the features that the model takes, before normalising.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

import torch
from torch import Tensor

from seqtrain.batch import Spec
from seqtrain.errors import WrongInput
from seqtrain.prediction.answers import Bad
from seqtrain.prediction.rows import best, column_types, numbers, told
from seqtrain.stepping import Stepper

_LARGEST = 1e30


def answer_steps(
    lines: Iterable[str], stepper: Stepper, spec: Spec, output: TextIO, *, json_lines: bool, bad: Bad
) -> Iterator[int]:
    """Answer each line that is a step on a line of `output`, at once; gives the numbers of those answered.

    An answer begins with the number of the line in the input, from 1. A bad line is not read by the model.
    """
    table = csv.writer(output, lineterminator="\n")
    names = ["line", *(name for name in column_types(spec) if name not in ("id", "step"))]
    if not json_lines:
        table.writerow(names)
        output.flush()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            stepper.reset()
            continue
        try:
            inputs = read_step(line, spec.features)
        except WrongInput as error:
            if number > 1 or not _is_header(line, spec.features):
                bad(f"line {number}", error)
            continue
        outputs = stepper.step(inputs)
        outputs = outputs.exp() if spec.classes else outputs
        if json_lines:
            output.write(json.dumps({"line": number, **told(outputs, spec)}, ensure_ascii=False) + "\n")
        else:
            table.writerow([number, *_cells(outputs, spec)])
        output.flush()
        yield number


def read_step(line: str, features: int) -> Tensor:
    """One step (F,) of a CSV row or a JSON array. WrongInput: it is not `features` finite numbers."""
    text = line.strip()
    cells: Any
    try:
        cells = json.loads(text) if text.startswith("[") else [float(cell) for cell in text.split(",")]
        values = [float(cell) for cell in cells if type(cell) in (int, float)]
    except (ValueError, OverflowError, RecursionError):
        raise WrongInput(f"is {_short(text)}: give {features} numbers with commas, or a JSON array of them") from None
    if len(values) != features or len(cells) != features:
        raise WrongInput(f"has {len(cells)} values but the model reads {features} features a step")
    if not all(abs(value) <= _LARGEST for value in values):  # false for NaN too
        raise WrongInput(f"is {_short(text)}: give finite numbers")
    return torch.tensor(values)


def _is_header(line: str, features: int) -> bool:
    """As many cells as features, and none is a number."""

    def is_number(cell: str) -> bool:
        try:
            float(cell)
        except ValueError:
            return False
        return True

    cells = line.split(",")
    return len(cells) == features and not line.lstrip().startswith(("[", "{")) and not any(map(is_number, cells))


def _cells(outputs: Tensor, spec: Spec) -> list[Any]:
    return ([best(outputs, spec)] if spec.classes else []) + list(numbers(outputs))


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "…")
