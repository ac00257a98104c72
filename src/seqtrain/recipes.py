"""Every part that a config names, checked against its constructor, and not yet built."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf
from torch import nn

from seqtrain.build import prepare
from seqtrain.checkpoints import Checkpoints
from seqtrain.errors import WrongInput
from seqtrain.loading.settings import Loading
from seqtrain.tasks import Task
from seqtrain.training import Training

_LOADING = "seqtrain.loading.settings.Loading"


@dataclass(frozen=True)
class Recipes:
    """What a run is made of. Settings are objects already; what is heavy is a call away."""

    seed: int
    threads: int | None
    data: Callable[[], Any]  # an object with `load(seed) -> Sets`
    loading: Loading
    task: Callable[[], Task]
    model: Callable[..., nn.Module]
    optimizer: Callable[[], Any]
    scheduler: Callable[[], Any]
    training: Training
    checkpoints: Checkpoints
    callbacks: Callable[[], list[Any]]
    loggers: Callable[[], list[Any]]


def read_recipes(cfg: DictConfig) -> Recipes:
    """Check every node of a composed config. Raises WrongInput naming the first setting that cannot work."""
    plain = OmegaConf.to_container(cfg, resolve=True)
    assert isinstance(plain, dict)
    loading, data = split_loading(plain["data"])
    callbacks = [prepare(node, f"callbacks.{name}") for name, node in (plain["callbacks"] or {}).items()]
    loggers = [prepare(node, "logger") for node in ([plain["logger"]] if plain["logger"] else [])]
    return Recipes(
        seed=_whole_number(plain["seed"], "seed", least=0),
        threads=None if plain["threads"] is None else _whole_number(plain["threads"], "threads", least=1),
        data=prepare(data, "data"),
        loading=prepare({"_target_": _LOADING} | loading, "data", Loading)(),
        task=prepare(plain["task"], "task"),
        model=prepare(plain["model"], "model", nn.Module),
        optimizer=prepare(plain["optimizer"], "optimizer"),
        scheduler=prepare(plain["scheduler"], "scheduler"),
        training=prepare(plain["trainer"], "trainer", Training)(),
        checkpoints=prepare(plain["checkpoint"], "checkpoint", Checkpoints)(),
        callbacks=lambda: [callback() for callback in callbacks],
        loggers=lambda: [logger() for logger in loggers],
    )


def split_loading(data: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings of a data node that say how it is read, and those of the data set itself."""
    names = inspect.signature(Loading).parameters
    return {k: v for k, v in data.items() if k in names}, {k: v for k, v in data.items() if k not in names}


def _whole_number(value: Any, setting: str, *, least: int) -> int:
    if type(value) is not int or value < least:
        raise WrongInput(f"{setting} is {value!r}: it must be a whole number from {least} up")
    return value
