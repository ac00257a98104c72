"""From the parts that a config names to a network that fits the data, new or with weights that were trained."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from seqtrain.batch import Spec
from seqtrain.build import Recipe
from seqtrain.carried import check_carries
from seqtrain.ensembles import head_of
from seqtrain.errors import WrongInput
from seqtrain.heads import output_lengths
from seqtrain.loading import Data
from seqtrain.network import Change, Network, Normalize, Rescale
from seqtrain.pretrained import Pretrained, stored_statistics
from seqtrain.randomness import mix
from seqtrain.sequences import Statistics
from seqtrain.tasks import Task, check_task

_WEIGHTS = 106  # keeps the key of the initial weights apart from the other uses of the seed
_MOST_TO_FIT = 4096  # sequences, spread over the training set


def assemble(model: Recipe, task: Task, data: Data, *, seed: int, pretrained: Pretrained | None = None) -> Network:
    """A network with initial weights that are a function of the seed.

    Args:
        model: makes the backbone, given `in_features` and other facts of the data.
        pretrained: what it starts from instead, with the statistics that its inputs were normalised by.

    Raises WrongInput where task, model and data do not fit, saying what to change.
    """
    if pretrained is not None:
        pretrained.check_fits(data.spec, change=data.change is not None)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(mix(seed, _WEIGHTS))
        statistics = data.statistics if pretrained is None else pretrained.statistics
        fit_on = data if pretrained is None else None
        network = _network(model, task, data.spec, statistics, data.target_statistics, data.change, fit_on)
        if data.carries:
            check_carries(network, features=data.spec.features)
    if pretrained is not None:
        pretrained.fill(network, model, data.spec)
    return network


def rebuild(model: Callable[..., nn.Module], task: Task, spec: Spec, state: Mapping[str, Tensor]) -> Network:
    """The network whose `state_dict` is `state`, in evaluation mode and of its precision; no data is needed.

    Args:
        model: makes the backbone, as for `assemble`.
        spec: of the data that it was trained on.

    Raises WrongInput where the state belongs to another network.
    """
    statistics = stored_statistics(state, "normalize")
    with torch.random.fork_rng(devices=[]):
        network = _network(
            model, task, spec, statistics, stored_statistics(state, "rescale"), state.get("change.features")
        )
    floats = [tensor.dtype for tensor in state.values() if tensor.is_floating_point()]
    network.to(floats[0] if floats else torch.float32)
    try:
        network.load_state_dict(dict(state))
    except RuntimeError as error:
        reason = str(error).partition(":")[2].strip().splitlines()[0].strip()
        raise WrongInput(f"the weights are not those of this config's network: {reason}") from error
    return network.eval()


def _network(
    model: Callable[..., nn.Module],
    task: Task,
    spec: Spec,
    statistics: Statistics | None,
    target_statistics: Statistics | None,
    change: Tensor | None,
    fit_on: Data | None = None,
) -> Network:
    check_task(task, spec.predicts, from_files=True)
    backbone = model(in_features=spec.features, per_step=spec.per_step, longest=spec.longest, shortest=spec.shortest)
    fit = getattr(backbone, "fit", None)
    if callable(fit) and fit_on is not None:
        fit(*_training_inputs(fit_on))
    if spec.per_step:
        _check_keeps_steps(backbone, spec)
    head = head_of(task, backbone, spec)
    normalize = Normalize(statistics) if statistics is not None else None
    rescale = Rescale(target_statistics) if target_statistics is not None else None
    return Network(normalize, backbone, head, rescale, Change(change) if change is not None else None)


def _training_inputs(data: Data) -> tuple[Tensor, Tensor]:
    """What a backbone that fits itself to the data sees: inputs (N, T, F) as its forward does, and lengths (N,)."""
    every = -(-len(data.train) // _MOST_TO_FIT)
    inputs, lengths, *_ = data.train.batch(torch.arange(0, len(data.train), every))
    if data.change is not None:
        inputs = Change(data.change).relative(inputs, lengths)
    return (inputs if data.statistics is None else Normalize(data.statistics)(inputs, lengths)), lengths


def _check_keeps_steps(backbone: nn.Module, spec: Spec) -> None:
    lengths = [spec.shortest, spec.longest]
    kept = output_lengths(backbone, spec.features, lengths)
    if kept != lengths:
        raise WrongInput(
            f"model {type(backbone).__name__} turns {spec.longest} steps into {kept[1]} but the data predicts at "
            "every step: choose settings that keep the length (for conv1d: model.stride=1 model.padding=same)"
        )
