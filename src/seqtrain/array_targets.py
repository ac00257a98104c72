"""What targets given as arrays ask for: classes, labels or values, for each sequence or at every step."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtrain.batch import Predicts
from seqtrain.errors import WrongInput
from seqtrain.labels import as_targets

_CHOICE = 'say which with predicts="values" or predicts="step_values"'


@dataclass(frozen=True)
class Targets:
    """Targets of N sequences as `Sequences.of` takes them."""

    predicts: Predicts
    values: Tensor | list[Tensor]  # (N,) int64, (N, D) or (N, C) float32; or N of (T,) int64 or (T, D) float32
    classes: tuple[str, ...] = ()


def read_targets(
    given: Any, lengths: Sequence[int], *, predicts: Predicts | None = None, classes: tuple[str, ...] | None = None
) -> Targets:
    """Targets of sequences of these lengths.

    Words, whole numbers and true or false are classes, numbers with a decimal point are values. One for each sequence,
    or a row (N, D), belongs to the whole sequence; (N, T, D), or a list of arrays as long as their sequences, to its
    steps. Lists of words or whole numbers that are not all as long as their sequences, and name nothing twice, are the
    labels of each sequence; where labels are asked for, one array (N, C) of 0 and 1 may say which each has.

    Args:
        given: a list, an array, a tensor or a column of a data frame.
        lengths: N of them.
        predicts: what is asked for, where the shape leaves it open.
        classes: names that are known already, as of a training set; None: those that occur, sorted.

    Raises WrongInput where numbers or shapes do not fit, naming the sequence.
    """
    rows = _rows(given)
    if len(rows) != len(lengths):
        raise WrongInput(f"there are {len(lengths)} sequences but {len(rows)} targets: give one target for each")
    predicts = predicts or _asked(rows, lengths)
    if predicts == "labels":
        return _labels(rows, classes, marked=getattr(given, "ndim", 0) == 2)
    per_step = predicts in ("step_values", "step_classes")
    for index, (row, steps) in enumerate(zip(rows, lengths, strict=True)):
        if per_step and (row.ndim == 0 or len(row) != steps):
            told = "one target" if row.ndim == 0 else f"{len(row)} targets"
            raise WrongInput(f"sequence {index} has {steps} steps but {told}: give one target for each step")
    if predicts in ("classes", "step_classes"):
        return _classes(rows, predicts, classes)
    values = [_values(row, index, per_step=per_step) for index, row in enumerate(rows)]
    for index, value in enumerate(values):
        if value.shape[-1] != values[0].shape[-1]:
            raise WrongInput(f"target {index} has {value.shape[-1]} values but target 0 has {values[0].shape[-1]}")
    return Targets(predicts, values if per_step else torch.stack(values))


def _rows(given: Any) -> list[NDArray[Any]]:
    """A target for each sequence: 0-dim, (D,), (T,) or (T, D)."""
    if isinstance(given, str) or not (isinstance(given, Iterable) or hasattr(given, "to_numpy")):
        raise WrongInput(f"the targets are {given!r}: give one for each sequence, as a list or an array")
    return [_array(each) for each in (_array(given) if not isinstance(given, list | tuple) else given)]


def _array(given: Any) -> NDArray[Any]:
    if isinstance(given, Tensor):
        given = given.detach().cpu()
    elif hasattr(given, "to_numpy"):
        given = given.to_numpy()
    try:
        return np.asarray(given)
    except ValueError as error:
        raise WrongInput(f"a target is no array: {str(error).splitlines()[0]}") from error


def _asked(rows: Sequence[NDArray[Any]], lengths: Sequence[int]) -> Predicts:
    named = not any(_is_float(row) for row in rows if row.size)
    if all(row.ndim == 0 for row in rows):
        return "classes" if named else "values"
    if all(row.ndim == 2 for row in rows):
        return "step_values"
    if any(row.ndim != 1 for row in rows):
        raise WrongInput("targets have different shapes: give all of them for a sequence, or all of them for its steps")
    if named:
        if all(len(row) == steps for row, steps in zip(rows, lengths, strict=True)):
            return "step_classes"
        return "labels" if all(len(set(row.tolist())) == len(row) for row in rows) else "step_classes"
    if any(len(row) != steps for row, steps in zip(rows, lengths, strict=True)):
        return "values"
    if len(set(lengths)) > 1:
        return "step_values"
    if lengths[0] == 1:
        return "values"
    raise WrongInput(
        f"each of the targets has {lengths[0]} numbers and each sequence as many steps, so that they may be values of "
        f"the sequence or of its steps: {_CHOICE}"
    )


def _is_float(row: NDArray[Any]) -> bool:
    if row.dtype.kind == "O":
        return any(isinstance(each, float) for each in row.reshape(-1)[:1])
    return row.dtype.kind in "fc"


def _classes(rows: Sequence[NDArray[Any]], predicts: Predicts, known: tuple[str, ...] | None) -> Targets:
    if any(row.ndim > 1 for row in rows) or (predicts == "classes" and any(row.ndim for row in rows)):
        raise WrongInput(f"predicts is {predicts} but a target is an array: give class names or numbers")
    found = {each for row in rows for each in row.reshape(-1).tolist()}
    if any(each is None or each != each for each in found):
        raise WrongInput("a target is missing (None or NaN): leave that sequence out")
    numbers = all(isinstance(each, int | float) for each in found)
    names = tuple(str(each) for each in (sorted(found) if numbers else sorted(map(str, found))))
    if known is not None and (unseen := [name for name in names if name not in known]):
        raise WrongInput(f"the class {unseen[0]!r} is not among those to train on: {', '.join(known[:8])}")
    names = names if known is None else known
    if not names:
        raise WrongInput("there are no targets: give one for each sequence")
    if len(names) < 2:
        raise WrongInput(f"all targets are of the class {names[0]!r}: give at least two classes")
    index = {name: place for place, name in enumerate(names)}
    indexed = [torch.tensor([index[str(each)] for each in row.reshape(-1).tolist()]) for row in rows]
    return Targets(predicts, torch.cat(indexed) if predicts == "classes" else indexed, names)


def _labels(rows: Sequence[NDArray[Any]], known: tuple[str, ...] | None, *, marked: bool) -> Targets:
    """Labels by name; or, where they are `marked`, 0 and 1 of each, which are called 0, 1, … up to C - 1."""
    if any(row.ndim != 1 for row in rows):
        raise WrongInput("predicts is labels but a target is no list: give the labels of each sequence as a list")
    if marked:
        if any(((row != 0) & (row != 1)).any() for row in rows):
            raise WrongInput("predicts is labels but an array has other numbers than 0 and 1: give a list of lists")
        names = tuple(map(str, range(len(rows[0]))))
        if known is not None and len(known) != len(names):
            raise WrongInput(f"there are {len(names)} labels, but {len(known)} to train on: give as many columns")
        return Targets("labels", torch.tensor(np.stack(rows).astype(np.float32)), names)
    found = {each for row in rows for each in row.tolist()}
    if any(each is None or each != each for each in found):
        raise WrongInput("a label is missing (None or NaN): leave it out")
    names = tuple(str(each) for each in sorted(found, key=lambda each: (isinstance(each, str), each)))
    if known is not None and (unseen := [name for name in names if name not in known]):
        raise WrongInput(f"the label {unseen[0]!r} is not among those to train on: {', '.join(known[:8])}")
    names = names if known is None else known
    if not names:
        raise WrongInput("no sequence has a label: give some of them labels")
    return Targets("labels", as_targets([[str(each) for each in row.tolist()] for row in rows], names), names)


def _values(row: NDArray[Any], index: int, *, per_step: bool) -> Tensor:
    """(D,) of a sequence, or (T, D) of its steps."""
    try:
        values = torch.from_numpy(np.ascontiguousarray(row, dtype=np.float32))
    except (TypeError, ValueError) as error:
        raise WrongInput(f"target {index} is no number: {str(error).splitlines()[0]}") from error
    if not values.isfinite().all():
        raise WrongInput(f"target {index} is not finite: leave that sequence out")
    if per_step:
        values = values.reshape(-1, 1) if row.ndim == 1 else values
    else:
        values = values.reshape(1) if row.ndim == 0 else values
    if values.dim() != (2 if per_step else 1):
        raise WrongInput(f"target {index} has shape {row.shape}, which fits neither a sequence nor its steps")
    return values
