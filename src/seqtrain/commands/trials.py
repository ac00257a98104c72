"""Every trial that a command line asks for, composed and checked before the first one starts."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from seqtrain.commands.arguments import Arguments
from seqtrain.commands.compose import Composer, composing, without_hydra
from seqtrain.commands.configs import Configs
from seqtrain.commands.guard import check_hydra
from seqtrain.commands.mistakes import check_keys, check_names, in_words, is_hydras
from seqtrain.errors import WrongInput

_MOST_COMBINATIONS = 200
# Hydra 1.3 lets Python's own errors out where a value is put where none can be
_COMPLAINTS = (HydraException, OmegaConfBaseException, ValueError, AttributeError, TypeError)


@dataclass(frozen=True)
class Trials:
    """What was checked."""

    first: DictConfig  # the first trial's config, with Hydra's own node
    count: int
    multirun: bool
    data: tuple[str, ...]  # the data sets that are trained on


def check_trials(arguments: Arguments, *, values: bool = True) -> Trials:
    """Compose every trial and check it.

    Args:
        arguments: the command line.
        values: check classes and values too, which may import torch; else only what Hydra composes.

    Raises:
        WrongInput: the first mistake that was found.
    """
    configs = Configs(arguments.config_dirs)
    with composing(configs) as composer:
        overrides = composer.parse(arguments.overrides)
        check_names(overrides, configs)
        typed = partial(_compose, composer, [each for each in overrides if is_hydras(each)])
        choices = [_choices(each) for each in overrides]
        first = _compose(composer, overrides, [each[0] for each in choices])
        multirun = arguments.multirun or first.hydra.mode == RunMode.MULTIRUN
        swept = [each for each in overrides if each.is_sweep_override()]
        if swept and not (multirun or arguments.shows):
            raise WrongInput(f"{swept[0].input_line} names several values: add -m to train one after another")
        if multirun:
            params = composer.parse([f"{key}={value}" for key, value in _params(first).items()])
            said = {each.key_or_group for each in overrides}
            overrides = [each for each in params if each.key_or_group not in said] + overrides
            choices = [_choices(each) for each in overrides]
        for trial in _combinations(overrides, choices, configs):
            config = _compose(composer, overrides, trial)
            check_hydra(config, typed)
            if values:
                _check_values(without_hydra(config))
                _check_swept_values(composer, config, overrides, choices)
    data = [choice.partition("=")[2] for each in choices for choice in each if choice.startswith("data=")]
    return Trials(
        first=first,
        count=_product(choices),
        multirun=multirun,
        data=tuple(data or [str(first.hydra.runtime.choices.get("data"))]),
    )


def _compose(composer: Composer, overrides: Sequence[Override], said: Sequence[str] | None = None) -> DictConfig:
    """Compose, or say what is wrong. `said` has the overrides as text, one value each."""
    said = [_said(each) for each in overrides] if said is None else said
    try:
        return composer.compose(said)
    except _COMPLAINTS as error:
        groups = composer.configs.groups
        chosen = [text for text, each in zip(said, overrides, strict=True) if each.key_or_group in groups]
        try:
            base = composer.compose(chosen)
        except _COMPLAINTS:
            raise in_words(error) from error
        check_keys(overrides, base, composer.configs)
        raise in_words(error) from error


def _check_values(config: DictConfig) -> None:
    from seqtrain.parts import prepare_parts

    prepare_parts(config)


def _check_swept_values(
    composer: Composer, config: DictConfig, overrides: Sequence[Override], choices: Sequence[list[str]]
) -> None:
    """Check each further value of each swept setting by itself: composing takes a hundred times as long."""
    groups = composer.configs.groups
    for override, said in zip(overrides, choices, strict=True):
        if len(said) == 1 or override.key_or_group in groups or is_hydras(override):
            continue
        changed = without_hydra(config)
        for other in composer.parse(said[1:]):
            OmegaConf.update(changed, other.key_or_group, other.value(), merge=False, force_add=True)
            _check_values(changed)


def _combinations(overrides: Sequence[Override], choices: Sequence[list[str]], configs: Configs) -> list[list[str]]:
    """Every combination of swept groups, each with the first value of every other sweep.

    Where they are too many, each option at least once.
    """
    swept = [
        each if override.key_or_group in configs.groups else each[:1]
        for override, each in zip(overrides, choices, strict=True)
    ]
    if _product(swept) <= _MOST_COMBINATIONS:
        return [list(each) for each in itertools.product(*swept)]
    first = [each[0] for each in swept]
    return [
        [*first[:position], option, *first[position + 1 :]] for position, each in enumerate(swept) for option in each
    ]


def _choices(override: Override) -> list[str]:
    """The overrides that one with several values stands for."""
    if not override.is_sweep_override():
        return [_said(override)]
    key = override.get_key_element()
    if not override.is_discrete_sweep():  # a range for a search: its first value stands for it
        value = override.value()
        return [f"{key}={getattr(value, 'start', None)}"]
    choices = [f"{key}={value}" for value in override.sweep_string_iterator()]
    twice = [choice for choice, count in Counter(choices).items() if count > 1]
    if twice:
        raise WrongInput(f"{override.input_line} names {twice[0]} twice: leave one out")
    return choices


def _said(override: Override) -> str:
    return str(override.input_line)


def _params(config: DictConfig) -> dict[str, object]:
    params = OmegaConf.select(config, "hydra.sweeper.params")
    return {str(key): value for key, value in params.items()} if params else {}


def _product(choices: Sequence[list[str]]) -> int:
    count = 1
    for each in choices:
        count *= len(each)
    return count
