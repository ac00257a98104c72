"""What the folders of runs are called."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from omegaconf import DictConfig, OmegaConf

_LONGEST = 100
_NO_MATTER = (  # settings that change speed, what is shown or what is kept, and never the result
    "logger",
    "sweep",
    "resume",
    "threads",
    "checkpoint.minutes",
    "data.workers",
    "data.cache",
    "data.download",
    "trainer.progress",
    "trainer.steps_per_execution",
)


def matters(key: str) -> bool:
    """Whether a setting can change what a training results in."""
    key = key.lstrip("+~").partition("@")[0].replace("/", ".")
    return not any(key == each or key.startswith(each + ".") for each in (*_NO_MATTER, "hydra"))


def run_folder(data: str, model: str, now: datetime) -> str:
    return f"outputs/runs/{_flat(data)}-{_flat(model)}/{_stamp(now)}"


def sweep_folder(name: str | None, data: Iterable[str], now: datetime) -> str:
    return f"outputs/sweeps/{name or _flat('+'.join(data)) + '-' + _stamp(now)}"


def trial_folder(overrides: Iterable[str], config: dict[str, Any]) -> str:
    """The overrides that matter, and 8 hex digits that tell configs apart where overrides do not."""
    said = ",".join(each for each in overrides if matters(each.partition("=")[0]))
    digits = hashlib.sha256(json.dumps(_mattering(config), sort_keys=True).encode()).hexdigest()[:8]
    return f"{_flat(said)[:_LONGEST]}-{digits}" if said else digits


def register_resolvers() -> None:
    """What `hydra.sweep.subdir` uses: the folder's name depends on the trial."""
    OmegaConf.register_new_resolver("seqtrain_trial", _trial, replace=True)


def _trial(*, _root_: DictConfig) -> str:
    config = OmegaConf.to_container(_root_, resolve=False)
    assert isinstance(config, dict)
    overrides = config.get("hydra", {}).get("overrides", {}).get("task", [])
    return trial_folder(overrides, {str(key): value for key, value in config.items()})


def _mattering(config: dict[str, Any], above: str = "") -> dict[str, Any]:
    kept = {}
    for key, value in config.items():
        if matters(above + str(key)):
            kept[str(key)] = _mattering(value, f"{above}{key}.") if isinstance(value, dict) else value
    return kept


def _stamp(now: datetime) -> str:
    return now.strftime("%Y-%m-%d_%H-%M-%S-%f")


def _flat(text: str) -> str:
    """One folder's name: no character in it that a path or a shell reads as something else."""
    return "".join(c if (c.isascii() and c.isalnum()) or c in "._=,+-[]" else "_" for c in text).lstrip(".") or "_"
