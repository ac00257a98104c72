"""Whether a config and a spec ask for a network of the size that the weights have, before any of it is allocated."""

import re
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from seqtrain.batch import Spec
from seqtrain.build import Recipe
from seqtrain.errors import WrongInput

_LEAST = 1 << 28  # numbers that any model may take: 1 GiB in float32
_TIMES = 64  # as many numbers as it has weights
_HEAD = re.compile(r"head\.(heads\.\d+\.)?(head\.)?linear\.weight")  # one for each member of an ensemble


def check_sizes(model: Recipe, spec: Spec, state: Mapping[str, Tensor]) -> None:
    """Raises WrongInput where the network would be another than the weights' or far larger than them.

    Args:
        model: makes the backbone.
        spec: of the data that it was trained on.
        state: the network's weights.
    """
    weights = sum(tensor.numel() for tensor in state.values())
    for number in _numbers(model.settings):
        if number > max(weights, 4096):
            raise WrongInput(
                f"model has a setting of {number} but only {weights:,} weights: they do not belong together"
            )
    backbone = _without_memory(model, spec)
    if backbone is None:
        return
    expected = {f"backbone.{name}": tuple(tensor.shape) for name, tensor in backbone.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in state.items() if name.startswith("backbone.")}
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise WrongInput(
                f"the weights are not those of this config's network: {name} has the shape {found.get(name)}, "
                f"the config asks for {expected.get(name)}"
            )
    widest = max([spec.features, *(size for shape in expected.values() for size in shape)])
    heads = [tuple(tensor.shape) for name, tensor in state.items() if _HEAD.fullmatch(name)]
    if not heads or any(shape[0] != spec.width for shape in heads):
        raise WrongInput(f"the weights are not those of a head that predicts {spec.width} values or classes")
    flat = sum(shape[1] for shape in heads) > int(getattr(backbone, "out_features", 0))
    needed = spec.longest * widest * (spec.width if flat else 1)
    if needed > max(_LEAST, _TIMES * weights):
        raise WrongInput(
            f"the model would take {needed:,} numbers for its {spec.longest:,} steps, far more than its {weights:,} "
            "weights: its files do not belong together"
        )


def _without_memory(model: Callable[..., nn.Module], spec: Spec) -> nn.Module | None:
    """The backbone with shapes and no weights; None where its class, which is a trusted one, must see numbers."""
    try:
        with torch.device("meta"), torch.random.fork_rng(devices=[]):
            return model(
                in_features=spec.features, per_step=spec.per_step, longest=spec.longest, shortest=spec.shortest
            )
    except (RuntimeError, NotImplementedError):
        return None


def _numbers(value: object) -> Iterator[int]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from _numbers(each)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield value
