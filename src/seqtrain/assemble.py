"""From the parts that a config names to a network that fits the data."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from seqtrain.batch import Predicts, Spec
from seqtrain.errors import WrongInput
from seqtrain.heads import output_lengths
from seqtrain.loading import Data
from seqtrain.network import Network, Normalize, Rescale
from seqtrain.randomness import mix
from seqtrain.tasks import Task

_WEIGHTS = 106  # keeps the key of the initial weights apart from the other uses of the seed
_MOST_TO_FIT = 4096  # sequences, spread over the training set
_TASK_OF: dict[Predicts, str] = {
    "step_values": "step_regression",
    "step_classes": "step_classification",
    "values": "regression",
    "classes": "classification",
}


def assemble(model: Callable[..., nn.Module], task: Task, data: Data, *, seed: int) -> Network:
    """A network with initial weights that are a function of the seed.

    Args:
        model: makes the backbone, given `in_features` and other facts of the data (a `build.Recipe`).

    Raises WrongInput where task, model and data do not fit, saying what to change.
    """
    spec = data.spec
    if task.predicts != spec.predicts:
        raise WrongInput(
            f"task is {_TASK_OF[task.predicts]} but the data has {_DESCRIBED[spec.predicts]}: "  # type: ignore[index]
            f"set task={_TASK_OF[spec.predicts]}"
        )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(mix(seed, _WEIGHTS))
        backbone = model(
            in_features=spec.features, per_step=spec.per_step, longest=spec.longest, shortest=spec.shortest
        )
        fit = getattr(backbone, "fit", None)
        if callable(fit):
            fit(*_training_inputs(data))
        if spec.per_step:
            _check_keeps_steps(backbone, spec)
        head = task.head(backbone, spec)
    normalize = Normalize(data.statistics) if data.statistics is not None else None
    rescale = Rescale(data.target_statistics) if data.target_statistics is not None else None
    return Network(normalize, backbone, head, rescale)


_DESCRIBED: dict[Predicts, str] = {
    "step_values": "values at every step",
    "step_classes": "a class at every step",
    "values": "values for each sequence",
    "classes": "a class for each sequence",
}


def _training_inputs(data: Data) -> tuple[Tensor, Tensor]:
    """What a backbone that fits itself to the data sees: inputs (N, T, F) as its forward does, and lengths (N,)."""
    every = -(-len(data.train) // _MOST_TO_FIT)
    inputs, lengths, *_ = data.train.batch(torch.arange(0, len(data.train), every))
    return (inputs if data.statistics is None else Normalize(data.statistics)(inputs, lengths)), lengths


def _check_keeps_steps(backbone: nn.Module, spec: Spec) -> None:
    lengths = [spec.shortest, spec.longest]
    kept = output_lengths(backbone, spec.features, lengths)
    if kept != lengths:
        raise WrongInput(
            f"model {type(backbone).__name__} turns {spec.longest} steps into {kept[1]} but the data predicts at "
            "every step: choose settings that keep the length (for conv1d: model.stride=1 model.padding=same)"
        )
