"""What a config may not say to Hydra: Hydra would run it, so only the user may, on the command line."""

from collections.abc import Callable
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seqtrain.errors import WrongInput
from seqtrain.nearest import shown
from seqtrain.trust import is_trusted

_LOGGING = {"version": 1, "root": None, "disable_existing_loggers": False}
_CORE = "hydra._internal.core_plugins"
# Hydra builds what these name, or sets the environment, before seqtrain is asked. As seqtrain's configs have them:
_GUARDED: dict[str, Any] = {
    "callbacks": {},
    "job_logging": _LOGGING,
    "hydra_logging": _LOGGING,
    "searchpath": [],
    "job.env_set": {},
    "launcher": {"_target_": f"{_CORE}.basic_launcher.BasicLauncher"},
    "sweeper": {
        "_target_": f"{_CORE}.basic_sweeper.BasicSweeper",
        "max_batch_size": None,
        "params": None,
    },
}

# Where runs go, as configs/train.yaml has it; seqtrain takes another folder from the command line alone
_FOLDERS = {
    "run": "outputs/runs/${hydra.runtime.choices.data}-${hydra.runtime.choices.model}/${now:%Y-%m-%d_%H-%M-%S-%f}",
    "sweep": "outputs/sweeps/${hydra.runtime.choices.data}-${now:%Y-%m-%d_%H-%M-%S-%f}",
}


def check_hydra(composed: DictConfig, typed: Callable[[], DictConfig]) -> None:
    """Refuse what a config file added to Hydra's own settings.

    Args:
        composed: a config as it would run.
        typed: composes seqtrain's own, with what the command line says to Hydra and nothing else.

    Raises:
        WrongInput: they differ where that could run code, and it is not of a trusted package.
    """
    for key, ours in _GUARDED.items():
        said = _compared(composed, key)
        if said == ours or said == _compared(typed(), key):
            continue
        raise WrongInput(
            f"hydra.{key} is {shown(said)} in a config file: Hydra would run what it names, so it was refused.\n"
            "If you know this file, say it on the command line, or trust its package with --trust PACKAGE"
        )
    for key, ours in _FOLDERS.items():
        said = _folder(composed, key)
        if said != ours and said != _folder(typed(), key):
            raise WrongInput(
                f"hydra.{key}.dir is {shown(said)} in a config file, where it is not read: type hydra.{key}.dir={said}"
            )


def _folder(config: DictConfig, key: str) -> Any:
    return OmegaConf.to_container(config.hydra[key], resolve=False)["dir"]  # type: ignore[index, call-overload]


def _compared(config: DictConfig, key: str) -> Any:
    """A setting of Hydra's without what is harmless in it."""
    node = OmegaConf.select(config, f"hydra.{key}", throw_on_resolution_failure=False)
    value = OmegaConf.to_container(node, resolve=False) if OmegaConf.is_config(node) else node
    if key == "callbacks" and isinstance(value, dict):
        return {name: each for name, each in value.items() if not _is_trusted(each)}
    if key == "sweeper" and isinstance(value, dict):
        return value | {"params": None}  # which values a sweep takes runs nothing
    return value


def _is_trusted(node: Any) -> bool:
    return isinstance(node, dict) and isinstance(node.get("_target_"), str) and is_trusted(node["_target_"])
