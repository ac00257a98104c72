"""A config as one flat table of settings, for TensorBoard's HParams tab and for comparing runs."""

from collections.abc import Mapping
from typing import Any

from omegaconf import OmegaConf

from seqtrain.stored_config import parsed

Value = str | float | int | bool


def flat_settings(config: str) -> dict[str, Value]:
    """Settings by their full names, such as model.hidden, from a config as YAML.

    A class is shown by its own name under the name of its slot (model: Recurrent); lists are shown as text; what is
    null is left out. References stay unresolved, so that no secret of the environment gets in.
    """
    flat = leaves(OmegaConf.to_container(parsed(config), resolve=False))
    return {
        name.removesuffix("._target_"): str(value).rsplit(".", 1)[-1] if name.endswith("._target_") else value
        for name, value in flat.items()
    }


def leaves(node: Any, name: str = "") -> dict[str, Value]:
    """The values of a plain config by their full names: lists are text, what is null is left out."""
    if isinstance(node, Mapping):
        below = [leaves(value, _joined(name, str(key))) for key, value in node.items()]
        return {leaf: value for each in below for leaf, value in each.items()}
    if node is None:
        return {}
    return {name: node if isinstance(node, str | float | int | bool) else str(node)}


def _joined(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key
