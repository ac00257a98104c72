"""From overrides to a composed config, by Hydra's compose API; nothing heavy is imported."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict

from seqtrain.commands.configs import Configs, shipped
from seqtrain.comparison.runs import is_run
from seqtrain.errors import WrongInput

CONFIG = "train"


class Composer:
    """Composes configs. Made by `composing`, within which Hydra is set up."""

    def __init__(self, configs: Configs) -> None:
        self.configs = configs
        self._search = search_override(configs.user)
        self._composed: dict[tuple[str, ...], DictConfig] = {}

    def compose(self, overrides: Sequence[str]) -> DictConfig:
        """The whole config, with Hydra's own node. The last one is kept: composing takes a tenth of a second."""
        key = tuple(overrides)
        if key not in self._composed:
            words = [*self._search, *overrides]
            self._composed = {key: hydra_compose(CONFIG, overrides=words, return_hydra_config=True)}
        return self._composed[key]

    def parse(self, overrides: Sequence[str]) -> list[Override]:
        """The overrides, taken apart. WrongInput: one that cannot be read."""
        parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
        parsed = []
        for text in overrides:
            if "=" not in text and not text.startswith("~"):  # which takes a setting away
                raise _run_or(text, f"{text} is no setting: write name=value without spaces, as in model=lstm")
            try:
                parsed += parser.parse_overrides([text])
            except HydraException as error:
                reason = str(error.__cause__ or error).splitlines()[0]
                said = f"{text} cannot be read as key=value: {_remedy(text, parser) or reason}"
                raise _run_or(text, said) from error
        return parsed


def _run_or(text: str, said: str) -> WrongInput:
    """The error for what is no override: that it is a run's folder, if it is, or else what is said."""
    with suppress(OSError):  # a name that is too long for a file
        if is_run(Path(text)):
            said = (
                f"{text} is a run's folder and no setting: go on with it by seqtrain train resume=RUN, "
                "or see seqtrain evaluate, predict and export"
            )
    return WrongInput(said)


def _remedy(text: str, parser: OverridesParser) -> str | None:
    """What to do about an override that cannot be read, if that is known."""
    key, _, value = text.partition("=")
    if not re.fullmatch(r"[+~]*\w[\w./@:-]*", key):
        return f"{key} can be no setting's name"
    if value.endswith(","):
        return "leave out the comma at its end, or name another value behind it"
    for opened, closed in ("[]", "{}", "()"):
        if value.count(opened) != value.count(closed):
            return f"a {opened} or {closed} has no partner; if it is part of a text, quote that: '{key}=\"…\"'"
    if value.count('"') % 2 or value.count("'") % 2:
        return "a quotation mark has no partner"
    try:
        parser.parse_overrides([f'{key}="{value}"'])
    except HydraException:
        return None
    return f"quote its value, for the shell too: '{key}=\"{value}\"'"


@contextmanager
def composing(configs: Configs) -> Iterator[Composer]:
    """Hydra's compose API, set up for seqtrain's configs and the user's."""
    with initialize_config_dir(str(shipped()), job_name=CONFIG, version_base="1.3"):
        yield Composer(configs)


def search_override(folders: Sequence[Path]) -> list[str]:
    """The override that adds config folders to those that Hydra searches."""
    paths = ",".join(quoted(f"file://{folder}") for folder in folders)
    return [f"hydra.searchpath=[{paths}]"] if folders else []


def quoted(text: object) -> str:
    """Text as a value in an override."""
    escaped = str(text).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def pin(config: DictConfig) -> DictConfig:
    """The same config; where it starts from a trained model, with what that holds, which others may replace.

    Raises WrongInput where there is no such model.
    """
    if config.get("init_from"):
        from seqtrain.pretrained import pinned  # it imports torch

        config.init_from = pinned(str(config.init_from))
    return config


def chosen_options(config: DictConfig) -> dict[str, str]:
    """The option that was taken of each of seqtrain's groups, from a config with Hydra's own node.

    A group of which another class was typed has none.
    """
    words: Any = OmegaConf.to_container(config.hydra.overrides.task, resolve=False)
    typed = {word.lstrip("+").partition("=")[0] for word in words}
    return {
        group: option
        for group, option in config.hydra.runtime.choices.items()
        if option and not group.startswith("hydra/") and "@" not in group and f"{group}._target_" not in typed
    }


def without_hydra(config: DictConfig) -> DictConfig:
    """The part of a composed config that is seqtrain's."""
    task = config.copy()
    with open_dict(task):
        task.pop("hydra", None)
    assert isinstance(task, DictConfig)
    OmegaConf.set_readonly(task, False)
    return task
