"""A config as one flat table of settings, for TensorBoard's HParams tab and for comparing runs."""

from collections.abc import Mapping
from typing import Any

from omegaconf import OmegaConf

Value = str | float | int | bool


def flat_settings(config: str) -> dict[str, Value]:
    """Settings by their full names, such as model.hidden, from a config as YAML.

    A class is shown by its own name under the name of its slot (model: Recurrent); lists are shown as text; what is
    null is left out. References stay unresolved, so that no secret of the environment gets in.
    """
    return dict(_leaves("", OmegaConf.to_container(OmegaConf.create(config), resolve=False)))


def _leaves(name: str, node: Any) -> list[tuple[str, Value]]:
    if isinstance(node, Mapping):
        return [leaf for key, value in node.items() for leaf in _leaves(_joined(name, str(key)), value)]
    if node is None:
        return []
    if name.endswith("._target_"):
        return [(name.removesuffix("._target_"), str(node).rsplit(".", 1)[-1])]
    return [(name, node if isinstance(node, str | float | int | bool) else str(node))]


def _joined(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key
