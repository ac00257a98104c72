"""The config that a run folder holds, read as data: it may come from a stranger."""

import re
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from seqtrain.errors import WrongInput
from seqtrain.references import check_growth, check_text

_MOST_BYTES = 1 << 18  # a hundred times what a config takes
_DEEPEST = 24  # mappings and lists, one in the other; seqtrain's own have 3
_REFERENCE = re.compile(r"\$\{([\w.]+)\}")  # from the root, as all of seqtrain's own are
_NUMBER = re.compile(r"[-+\d_:.]{400,}")  # 1:59 is a whole number too, and 1:59:59:… one that cannot be printed
_MOST_REFERENCES = 8  # to references
_QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's, ten times as fast, where PyYAML has it


def read_stored_config(path: Path) -> DictConfig:
    """A stored config, unresolved.

    Raises WrongInput where it is missing, too large, no YAML mapping, deeply nested, uses aliases (a few of which grow
    beyond any memory), references that grow as they do, or a resolver other than oc.env.
    """
    return checked_config(_text(path), path)


def read_stored_values(path: Path) -> dict[str, Any]:
    """The same as plain values, without OmegaConf: 2 ms a file, for hundreds of them.

    References to other keys are resolved. `${oc.env:…}` stays as it stands: what it says is of another machine, or a
    secret. Raises WrongInput as `read_stored_config` does.
    """
    values = _plain_values(_text(path), path)
    resolved: dict[str, Any] = _resolved(values, values)
    return resolved


def checked_config(text: str, path: Path) -> DictConfig:
    """The config that a text of a file holds, under the same rules; JSON is YAML too."""
    check_growth(_plain_values(text, path), _MOST_BYTES, str(path))
    try:
        config = deepcopy(parsed(text))
    except (yaml.YAMLError, OmegaConfBaseException, ValueError) as error:
        raise _no_yaml(path, error) from error
    assert isinstance(config, DictConfig)
    return config


@lru_cache(maxsize=1)
def parsed(text: str) -> Any:
    """A config of a text, not to be changed: a trial asks for its own three times, each of which took 10 ms."""
    return OmegaConf.create(text)


def part_of(config: DictConfig, name: str) -> Any:
    """What a config has under a name of its own; None where it has nothing. WrongInput: a reference to nothing."""
    try:
        return config.get(name)
    except OmegaConfBaseException as error:
        raise WrongInput(f"{name} has no value: {str(error).splitlines()[0]}") from error


def _plain_values(text: str, path: Path) -> dict[Any, Any]:
    """A text as plain values, once it is known to hold nothing that could grow."""
    try:
        _check_events(text, path)
        values = _QUICK(text).get_single_data()
    except WrongInput:
        raise
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that there is not, a number of 5,000 digits
        raise _no_yaml(path, error) from error
    if not isinstance(values, dict):
        raise WrongInput(f"{path} is no mapping of settings")
    return values


def _text(path: Path) -> str:
    if not path.is_file():
        raise WrongInput(
            f"{path.parent.parent} is no run folder: it has no {path.parent.name}/{path.name}; runs are "
            "below outputs/runs, trials of sweeps below outputs/sweeps"
        )
    if path.stat().st_size > _MOST_BYTES:
        raise WrongInput(f"{path} has {path.stat().st_size:,} bytes: a config has at most {_MOST_BYTES:,}")
    return path.read_text(encoding="utf-8", errors="replace")


def _check_events(text: str, path: Path) -> None:
    """Read a YAML piece by piece, before anything recursive does: libyaml's composer overflows the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_QUICK):
        if isinstance(event, yaml.AliasEvent):
            raise WrongInput(f"{path} uses YAML aliases (*name): write the values out")
        if isinstance(event, yaml.ScalarEvent):
            check_text(event.value, str(path))
            if _NUMBER.fullmatch(event.value):
                raise WrongInput(f"{path} has a number of {len(event.value):,} digits: no setting takes it")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise WrongInput(f"{path} has settings inside of settings {depth} deep: {_DEEPEST} are read")
        if getattr(event, "tag", None) is not None:
            raise WrongInput(f"{path} uses the YAML tag {event.tag}: a config has plain values only")


def _no_yaml(path: Path, error: Exception) -> WrongInput:
    return WrongInput(f"{path} is no YAML: {(str(error).splitlines() or [type(error).__name__])[0]}")


def _resolved(node: Any, root: Mapping[str, Any]) -> Any:
    """A node with references to single values replaced; any other stays as it stands, so that nothing can grow."""
    if isinstance(node, Mapping):
        return {str(key): _resolved(value, root) for key, value in node.items()}
    if isinstance(node, list):
        return [_resolved(value, root) for value in node]
    found = node
    for _ in range(_MOST_REFERENCES):
        reference = _REFERENCE.fullmatch(found) if isinstance(found, str) else None
        if reference is None:
            return found
        found = root
        for key in reference[1].split("."):
            found = found.get(key, root) if isinstance(found, Mapping) else root
        if isinstance(found, Mapping | list):
            return node
    return node
