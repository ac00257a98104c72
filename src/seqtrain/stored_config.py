"""The config that a run folder holds, read as data: it may come from a stranger."""

import re
from pathlib import Path

import yaml
from omegaconf import DictConfig, OmegaConf

from seqtrain.errors import WrongInput

_MOST_BYTES = 1 << 20
_RESOLVER = re.compile(r"\$\{\s*([\w.]+)\s*:")
_RESOLVERS = ("oc.env",)  # beside references to other keys


def read_stored_config(path: Path) -> DictConfig:
    """A stored config, unresolved.

    Raises WrongInput where it is missing, too large, no YAML mapping, or uses aliases (a few of which grow beyond
    any memory) or a resolver other than oc.env.
    """
    if not path.is_file():
        raise WrongInput(f"{path.parent.parent} is no run folder: it has no {path.parent.name}/{path.name}")
    if path.stat().st_size > _MOST_BYTES:
        raise WrongInput(f"{path} has {path.stat().st_size:,} bytes: a config has at most {_MOST_BYTES:,}")
    return checked_config(path.read_text(encoding="utf-8", errors="replace"), path)


def checked_config(text: str, path: Path) -> DictConfig:
    """The config that a text of a file holds, under the same rules; JSON is YAML too."""
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise WrongInput(f"{path} uses YAML aliases (*name): write the values out")
        config = OmegaConf.create(text)
    except yaml.YAMLError as error:
        raise WrongInput(f"{path} is no YAML: {str(error).splitlines()[0]}") from error
    for resolver in _RESOLVER.findall(text):
        if resolver not in _RESOLVERS:
            raise WrongInput(f"{path} uses the resolver {resolver}: only ${{oc.env:NAME}} and other keys are read")
    if not isinstance(config, DictConfig):
        raise WrongInput(f"{path} is no mapping of settings")
    return config
