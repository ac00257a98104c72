"""Whether names that are typed are there: groups, options, settings without a dot. Hydra is not needed to tell."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from seqtrain.commands.configs import Configs, shipped
from seqtrain.errors import WrongInput
from seqtrain.nearest import did_you_mean, listed, shown

TUNES = ("space", "trials", "pruner")  # what `seqtrain tune` reads beside a config

_PLAIN = re.compile(r"(\w+)=([A-Za-z]\w*)")
_KEYS = re.compile(r"^([a-z]\w*):", re.MULTILINE)  # of a config file, not those within others
_OWN = ("defaults", "hydra")  # of train.yaml, and no settings
_NO_SETTINGS = ("loading", "experiment", "debug", "space")  # groups whose files set those of others


def check_plain_names(overrides: Iterable[str], configs: Configs) -> None:
    """Tell a wrong group or option at once where an override is `name=name`; others wait until Hydra reads them."""
    for text in overrides:
        plain = _PLAIN.fullmatch(text)
        if plain is None or plain[1] == "hydra" or plain[2] == "null":
            continue
        if plain[1] in configs.groups:
            check_option(plain[1], plain[2], list(configs.groups[plain[1]]))
        else:
            check_key(plain[1], text, configs)


def check_option(group: str, option: object, options: list[str]) -> None:
    """Raise WrongInput where a group has no such option."""
    if str(option) not in options:
        raise WrongInput(
            f"{group}={shown(option)}: there is no such {group}{did_you_mean(str(option), options)}\n"
            f"{group} is one of {listed(options, 30)}"
        )


def check_key(key: str, text: str, configs: Configs) -> None:
    """Raise WrongInput where a name without a dot is neither a group nor a setting.

    Args:
        text: the whole override.
    """
    settings = _settings()
    if key in settings:
        return
    if key in TUNES:
        raise WrongInput(f"{text} is for seqtrain tune, which searches for good settings")
    names = [*(group for group in configs.groups if "/" not in group and group != "loading"), *settings]
    within = _within_groups(configs)
    meant = f": did you mean {within[key]}?" if key in within else did_you_mean(key, names)
    if not meant and (near := get_close_matches(key, list(within), n=1)):
        meant = f": did you mean {within[near[0]]}?"
    raise WrongInput(f"{text}: there is no {key}{meant} (there are {listed(names, 30)})")


def full_name(name: str, configs: Configs) -> str | None:
    """Of a group or a setting without a dot its name; of a setting of one group with it, as optimizer.lr of lr."""
    return name if name in configs.groups or name in _settings() else _within_groups(configs).get(name)


def options_with(group: str, setting: str, configs: Configs) -> list[str]:
    """The options of a group whose files have a setting, as conv1d has kernel_size."""
    return [
        option
        for option, path in configs.groups.get(group, {}).items()
        if setting not in _OWN and setting in _KEYS.findall(path.read_text(encoding="utf-8"))
    ]


def _settings() -> list[str]:
    return [each for each in _KEYS.findall((shipped() / "train.yaml").read_text(encoding="utf-8")) if each not in _OWN]


def _within_groups(configs: Configs) -> dict[str, str]:
    """The settings of groups by their last name, as optimizer.lr by lr."""
    return {
        name: f"{group}.{name}"
        for group, options in configs.groups.items()
        if "/" not in group and group not in _NO_SETTINGS
        for path in options.values()
        for name in _KEYS.findall(path.read_text(encoding="utf-8"))
    }
