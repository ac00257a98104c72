"""What is known of a layer that a batch went through.

Letters are those of `seqtrain.batch`; a prime marks what leaves a layer where it may differ from what enters.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Dimensions:
    """One tensor of a layer: a weight, or a part of its answer."""

    name: str  # weight_ih_l0
    letters: str  # (4*hidden, features); empty where nothing is known of them
    shape: Shape  # (256, 128)
    meaning: str = ""  # i, f, g, o


@dataclass(frozen=True)
class Facts:
    """What a kind of layer has to say of itself."""

    letters: str = ""  # (B, C, T) -> (B, C', T')
    notes: tuple[str, ...] = ()
    tensors: tuple[Dimensions, ...] = ()


@dataclass(frozen=True)
class Layer:
    """A layer with its shapes as it sees them itself. A packed batch counts as (B, T, F)."""

    name: str  # as in network.named_modules(); what a module does before its parts has a name below its own
    kind: str
    input: Shape
    output: Shape
    parameters: int
    letters: str = ""
    notes: tuple[str, ...] = ()  # a convolution's length written out, what a head reads
    tensors: tuple[Dimensions, ...] = ()  # weights in the order of the module, then a recurrent layer's answers
    calls: int = 1  # how often the layer ran; the shapes are those of its first run


@dataclass(frozen=True)
class Size:
    """Parameters, each counted once, and what they take."""

    parameters: int
    trainable: int
    parameter_bytes: int
    buffer_bytes: int  # running statistics and the like, which are saved too


@dataclass(frozen=True)
class Walk:
    """The layers that one batch went through, in the order in which they began."""

    layers: tuple[Layer, ...]
    lengths: tuple[int, int]  # shortest and longest sequence of the batch
    lengths_out: tuple[int, int]  # the same where they leave the backbone
    not_run: tuple[tuple[str, int], ...]  # parameters that belong to no layer above
    size: Size


def shape_of(value: object) -> Shape | None:
    """The shape of the first tensor in what a layer is handed or answers; None where there is none."""
    if isinstance(value, Tensor):
        return tuple(value.shape)
    if isinstance(value, PackedSequence):
        return int(value.batch_sizes[0]), len(value.batch_sizes), *value.data.shape[1:]
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, tuple | list):
        return next((shape for shape in map(shape_of, value) if shape is not None), None)
    return None


def own_tensors(module: object, letters: Mapping[str, str]) -> tuple[Dimensions, ...]:
    """A module's own parameters with the letters of those that have some."""
    named: Mapping[str, Tensor | None] = getattr(module, "_parameters", {})
    return tuple(
        Dimensions(name, letters.get(name, ""), tuple(parameter.shape))
        for name, parameter in named.items()
        if parameter is not None
    )
