"""The config that a run folder holds, read as data: it may come from a stranger."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf

from seqtrain.errors import WrongInput

_MOST_BYTES = 1 << 20
_RESOLVER = re.compile(r"\$\{\s*([\w.]+)\s*:")
_RESOLVERS = ("oc.env",)  # beside references to other keys
_REFERENCE = re.compile(r"\$\{([\w.]+)\}")  # from the root, as all of seqtrain's own are
_DEEPEST = 8  # references to references
_QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's, ten times as fast, where PyYAML has it


def read_stored_config(path: Path) -> DictConfig:
    """A stored config, unresolved.

    Raises WrongInput where it is missing, too large, no YAML mapping, or uses aliases (a few of which grow beyond
    any memory) or a resolver other than oc.env.
    """
    return checked_config(_text(path), path)


def read_stored_values(path: Path) -> dict[str, Any]:
    """The same as plain values, without OmegaConf: 2 ms a file, for hundreds of them.

    References to other keys are resolved. `${oc.env:…}` stays as it stands: what it says is of another machine, or a
    secret. Raises WrongInput as `read_stored_config` does.
    """
    text = _text(path)
    try:
        _refuse_aliases(text, path)
        values = _QUICK(text).get_single_data()
    except yaml.YAMLError as error:
        raise _no_yaml(path, error) from error
    _refuse_resolvers(text, path)
    if not isinstance(values, dict):
        raise WrongInput(f"{path} is no mapping of settings")
    resolved: dict[str, Any] = _resolved(values, values)
    return resolved


def checked_config(text: str, path: Path) -> DictConfig:
    """The config that a text of a file holds, under the same rules; JSON is YAML too."""
    try:
        _refuse_aliases(text, path)
        config = OmegaConf.create(text)
    except yaml.YAMLError as error:
        raise _no_yaml(path, error) from error
    _refuse_resolvers(text, path)
    if not isinstance(config, DictConfig):
        raise WrongInput(f"{path} is no mapping of settings")
    return config


def _text(path: Path) -> str:
    if not path.is_file():
        raise WrongInput(f"{path.parent.parent} is no run folder: it has no {path.parent.name}/{path.name}")
    if path.stat().st_size > _MOST_BYTES:
        raise WrongInput(f"{path} has {path.stat().st_size:,} bytes: a config has at most {_MOST_BYTES:,}")
    return path.read_text(encoding="utf-8", errors="replace")


def _refuse_aliases(text: str, path: Path) -> None:
    # an alias needs its sign: most files have none, and need not be read twice
    if "*" in text and any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_QUICK)):
        raise WrongInput(f"{path} uses YAML aliases (*name): write the values out")


def _refuse_resolvers(text: str, path: Path) -> None:
    for resolver in _RESOLVER.findall(text):
        if resolver not in _RESOLVERS:
            raise WrongInput(f"{path} uses the resolver {resolver}: only ${{oc.env:NAME}} and other keys are read")


def _no_yaml(path: Path, error: yaml.YAMLError) -> WrongInput:
    return WrongInput(f"{path} is no YAML: {str(error).splitlines()[0]}")


def _resolved(node: Any, root: Mapping[str, Any]) -> Any:
    """A node with references to single values replaced; any other stays as it stands, so that nothing can grow."""
    if isinstance(node, Mapping):
        return {str(key): _resolved(value, root) for key, value in node.items()}
    if isinstance(node, list):
        return [_resolved(value, root) for value in node]
    found = node
    for _ in range(_DEEPEST):
        reference = _REFERENCE.fullmatch(found) if isinstance(found, str) else None
        if reference is None:
            return found
        found = root
        for key in reference[1].split("."):
            found = found.get(key, root) if isinstance(found, Mapping) else root
        if isinstance(found, Mapping | list):
            return node
    return node
