"""What makes two trainings the same: every setting that can change the result, and none that cannot."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from seqtrain.errors import WrongInput
from seqtrain.origin import content

_NO_MATTER = (  # settings of speed, of the machine, of what is shown and of what is kept
    "logger",
    "launcher",
    "sweep",
    "resume",
    "threads",
    "checkpoint.minutes",
    "data.root",
    "data.workers",
    "data.resident",
    "data.cache",
    "data.download",
    "trainer.accelerator",
    "trainer.cuda_graph",
    "trainer.devices",
    "trainer.keep_memory",
    "trainer.progress",
    "trainer.steps_per_execution",
    "hydra",
)


def matters(key: str) -> bool:
    """Whether a setting can change what a training results in."""
    key = key.lstrip("+~").partition("@")[0].replace("/", ".")
    return not any(key == each or key.startswith(each + ".") for each in _NO_MATTER)


def identity(config: DictConfig) -> str:
    """16 hex digits that are the same for two configs where the same is trained. WrongInput: it does not resolve."""
    return hashlib.sha256(json.dumps(_mattering(config), sort_keys=True, default=str).encode()).hexdigest()[:16]


def differences(one: DictConfig, other: DictConfig) -> list[str]:
    """The settings that matter in which two configs differ, as `optimizer.lr: 0.001, not 0.003`."""
    left, right = (dict(_leaves(_mattering(each), "")) for each in (one, other))
    missing = object()
    return [
        f"{key}: {_told(left.get(key, missing), missing)}, not {_told(right.get(key, missing), missing)}"
        for key in {**left, **right}
        if left.get(key, missing) != right.get(key, missing)
    ]


def _mattering(config: DictConfig) -> dict[str, Any]:
    try:
        plain = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        raise WrongInput(str(error).splitlines()[0]) from error
    assert isinstance(plain, dict)
    kept = _kept({str(key): value for key, value in plain.items()}, "")
    if kept.get("init_from"):
        kept["init_from"] = content(str(kept["init_from"]))
    return kept


def _kept(node: Mapping[str, Any], above: str) -> dict[str, Any]:
    return {
        str(key): _kept(value, f"{above}{key}.") if isinstance(value, dict) else value
        for key, value in node.items()
        if matters(f"{above}{key}")
    }


def _leaves(node: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _told(value: object, missing: object) -> str:
    return "unset" if value is missing else "null" if value is None else str(value)
