"""Hydra's complaints about overrides, in words: what was wrong, what is allowed, the nearest valid name."""

from collections.abc import Iterable

from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, ListConfig, OmegaConf

from seqtrain.commands.configs import Configs
from seqtrain.commands.names import check_key, check_option, options_with
from seqtrain.errors import WrongInput
from seqtrain.nearest import listed, shown, unknown

_ADDS = (OverrideType.ADD, OverrideType.FORCE_ADD)


def check_names(overrides: Iterable[Override], configs: Configs) -> None:
    """Whether each override names a group and its options, or a setting that may exist. Reads no config."""
    for override in overrides:
        key = override.key_or_group
        if is_hydras(override):
            continue
        if key in configs.groups:
            for option in _chosen(override) if override.type is not OverrideType.DEL else ():
                check_option(key, option, list(configs.groups[key]))
        elif "." not in key and override.type not in _ADDS:
            check_key(key, str(override.input_line), configs)


def check_keys(overrides: Iterable[Override], base: DictConfig, configs: Configs) -> None:
    """Whether each setting that is changed is there. `base` is the config before settings were changed."""
    for override in overrides:
        if override.type not in _ADDS and not is_hydras(override) and override.key_or_group not in configs.groups:
            _check_key(override.key_or_group, base, configs)


def is_hydras(override: Override) -> bool:
    """Whether it is for Hydra itself."""
    return override.key_or_group.split(".")[0].split("/")[0] == "hydra"


def in_words(error: Exception) -> WrongInput:
    """Any other complaint of Hydra's, on at most four lines."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("Set the environment variable", "See http"))]
    text = " ".join(lines)
    return WrongInput(text if len(text) <= 400 else text[:399] + "…")


def _chosen(override: Override) -> list[object]:
    if override.is_sweep_override():
        return list(override.sweep_string_iterator()) if override.is_discrete_sweep() else []
    value = override.value()
    return value if isinstance(value, list) else [value]


def _check_key(key: str, base: DictConfig, configs: Configs) -> None:
    node: object = base
    parts = key.partition("@")[0].split(".")
    for position, part in enumerate(parts):
        above = ".".join(parts[:position])
        if isinstance(node, ListConfig) and part.isdigit() and int(part) < len(node):
            node = node._get_node(int(part))
            continue
        if not isinstance(node, DictConfig):
            raise WrongInput(f"{key} is no setting: {above} is {shown(node)} and holds no settings of its own")
        if part not in node and not OmegaConf.is_missing(node, part):  # ??? is not "in" it
            if part in configs.groups.get(above, {}):
                raise WrongInput(f"{key} is no setting yet: add {above}={part}")
            owner = str(node.get("_target_") or above or "seqtrain")
            known = [str(name) for name in node if not str(name).startswith("_")]
            if others := options_with(above, part, configs):
                raise WrongInput(
                    f"{key} is no setting of {owner} (it has {listed(known)}): {above}={listed(others, 3)} have it"
                )
            raise unknown(part, owner, key, known)
        node = node._get_node(part)
        node = node._value() if node is not None and not OmegaConf.is_config(node) else node
