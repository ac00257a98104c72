"""What models and data sets share: a batch, what a data set says of itself, and masks.

The letters of shape comments, everywhere: B sequences in a batch, T time steps, F features,
D predicted values, C classes, H hidden features, N sequences in a set, S steps of all sequences of a set.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
from pydantic import TypeAdapter
from torch import Tensor

Predicts = Literal["step_values", "step_classes", "values", "classes", "labels"]


class Batch(NamedTuple):
    """Some sequences, padded with zeros to the longest of them."""

    inputs: Tensor  # (B, T, F) float
    lengths: Tensor  # (B,) int64: the valid steps of each sequence
    targets: Tensor  # (B, T, D) float, (B, T) int64, (B, D) float, (B,) int64 or of labels (B, C) float, as
    # `Spec.predicts` says; where training sequences were mixed (B, C) float, the shares of the classes
    scored: Tensor | None  # (B, T) bool: the steps that count; None where a whole sequence is predicted
    indices: Tensor  # (B,) int64: which sequences of their set these are; (0,) where others count them
    continues: Tensor | None = None  # (B,) bool: what goes on from its row of the batch before; None: nothing can

    @property
    def stands_in(self) -> bool:
        """Whether it only keeps a process busy whose part of a batch is empty."""
        return len(self.indices) == 0


@dataclass(frozen=True)
class Spec:
    """What a data set says of itself, so that nobody types a size."""

    features: int
    shortest: int  # steps of the shortest sequence of all sets
    longest: int
    predicts: Predicts
    width: int  # how many values are predicted, or how many classes or labels there are
    classes: tuple[str, ...] = ()  # names of classes or labels, in the order of their indices
    class_counts: tuple[int, ...] = ()  # how many sequences (or steps) of each are in the training set
    scaled_by: tuple[float, ...] = ()  # of each value, where metrics are told of errors divided by these too
    columns: tuple[str, ...] = ()  # of a table: the names of those that are learnt from

    @property
    def per_step(self) -> bool:
        return self.predicts in ("step_values", "step_classes")


def spec_to_plain(spec: Spec) -> dict[str, Any]:
    """A spec as plain values, for a checkpoint."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(spec).items()}


def spec_from_plain(plain: object) -> Spec:
    """The spec that `spec_to_plain` was given. Raises TypeError or ValueError where it is none."""
    return TypeAdapter(Spec).validate_json(json.dumps(plain), strict=True)  # pydantic's error is a ValueError


def valid_steps(lengths: Tensor, steps: int) -> Tensor:
    """True where a step is not padding: (B,) lengths -> (B, steps) bool."""
    return torch.arange(steps, device=lengths.device) < lengths[:, None]


def none_padded(lengths: Tensor, steps: int) -> bool:
    """Whether all lengths are so many steps, so that masking can be left out: where that is known at once."""
    return may_look(lengths) and int(lengths.min()) >= steps


def may_look(numbers: Tensor) -> bool:
    """Whether numbers may be looked at: a GPU is not waited for, and what traces a model has to see all of it."""
    return (
        numbers.device.type == "cpu"
        and not torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
        and not torch.compiler.is_compiling()
    )


def zero_padding(steps: Tensor, lengths: Tensor, *, time: int = 1) -> Tensor:
    """The same steps (B, T, F) with every padded one set to zero; themselves where none is known to be.

    Args:
        time: the dimension of time: 1, or 2 of channels (B, C, T).
    """
    if none_padded(lengths, steps.shape[time]):
        return steps
    valid = valid_steps(lengths, steps.shape[time])
    rows = steps if time == 1 else steps.transpose(1, 2)  # (B, T, F)
    if rows.is_contiguous() and may_look(lengths):  # whole rows, which is twice as fast
        padded = (~valid).flatten().nonzero()[:, 0]
        filled = rows.flatten(0, 1).index_fill(0, padded, 0).view_as(rows)
        return filled if time == 1 else filled.transpose(1, 2)
    return torch.where(valid.unsqueeze(3 - time), steps, 0)  # faster than masked_fill
