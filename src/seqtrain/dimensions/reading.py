"""What a module does to steps by itself, before the layers it holds: filling up, pooling, flattening."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from seqtrain.dimensions.layer import Facts, Shape
from seqtrain.heads import FlattenHead, PooledHead
from seqtrain.models.conv import ConvStack

_POOLS = {
    "mean_over_time": "the mean over the valid steps",
    "max_over_time": "the largest value of each feature over the valid steps",
    "last_step": "the last valid step",
}


class Reading(NamedTuple):
    """A step that is no module: its name behind the module's, what it does, the shape it leaves, and more."""

    name: str
    kind: str
    output: Shape
    facts: Facts


def reading(module: nn.Module, given: tuple[object, ...]) -> Reading | None:
    """The step with which a module begins; None for one that begins with its parts."""
    if isinstance(module, PooledHead):
        steps, lengths = _tensors(given)
        with torch.no_grad():
            pooled = module.pool(steps, lengths)
        name = getattr(module.pool, "__name__", type(module.pool).__name__)
        notes = (f"reads {_POOLS[name]}",) if name in _POOLS else ()
        return Reading("pool", name, tuple(pooled.shape), Facts("(B, T, F) -> (B, F)", notes))
    if isinstance(module, FlattenHead):
        steps, _ = _tensors(given)
        width = module.linear.in_features
        note = f"reads {module.steps} steps side by side (zeros where fewer): {module.steps}*{steps.shape[2]}"
        return Reading(
            "flatten", "flatten", (len(steps), width), Facts("(B, T, F) -> (B, steps*F)", (f"{note} = {width}",))
        )
    if isinstance(module, ConvStack):
        steps, _ = _tensors(given)
        if steps.shape[1] < module.field:
            shape = (len(steps), module.field, steps.shape[2])
            note = f"zeros up to {module.field} steps, the receptive field of the convolutions"
            return Reading("fill", "zeros", shape, Facts("(B, T, F) -> (B, T', F)", (note,)))
    return None


def _tensors(given: tuple[object, ...]) -> tuple[Tensor, Tensor]:
    first, second = given[:2]
    assert isinstance(first, Tensor)
    assert isinstance(second, Tensor)
    return first, second
