"""Every trial that a command line asks for, composed and checked before the first one starts."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from seqtrain.commands.arguments import Arguments
from seqtrain.commands.compose import Composer, chosen_options, composing, pin, without_hydra
from seqtrain.commands.configs import Configs
from seqtrain.commands.guard import check_hydra
from seqtrain.commands.mistakes import check_keys, check_names, in_words, is_hydras
from seqtrain.errors import WrongInput

# Hydra 1.3 lets Python's own errors out where a value is put where none can be
_COMPLAINTS = (HydraException, OmegaConfBaseException, ValueError, AttributeError, TypeError)


@dataclass(frozen=True)
class Composed:
    """One trial.

    Args:
        config: without Hydra's node, unresolved.
        chosen: the option of each group.
        overrides: as typed, one value each.
        swept: those among them that took several values.
    """

    config: DictConfig
    chosen: dict[str, str]
    overrides: tuple[str, ...]
    swept: tuple[str, ...]


@dataclass(frozen=True)
class Trials:
    """What was checked."""

    first: DictConfig  # the first trial's config, with Hydra's own node
    every: tuple[Composed, ...]
    multirun: bool
    data: tuple[str, ...]  # the data sets that are trained on


def check_trials(arguments: Arguments, *, values: bool = True) -> Trials:
    """Compose every trial and check it.

    Args:
        arguments: the command line.
        values: check classes and values too, which may import torch; else only what Hydra composes, of the first.

    Raises:
        WrongInput: the first mistake that was found.
    """
    configs = Configs(arguments.config_dirs)
    with composing(configs) as composer:
        overrides = composer.parse(arguments.overrides)
        check_names(overrides, configs)
        typed = partial(compose_said, composer, [each for each in overrides if is_hydras(each)])
        choices = [_choices(each) for each in overrides]
        first = compose_said(composer, overrides, [each[0] for each in choices])
        check_hydra(first, typed)
        multirun = arguments.multirun or first.hydra.mode == RunMode.MULTIRUN
        swept = [each for each in overrides if each.is_sweep_override()]
        if swept and not (multirun or arguments.shows):
            name, _, several = _said(swept[0]).partition("=")
            a_list = f"; a list is written {name}=[{several}]" if name not in configs.groups else ""
            raise WrongInput(f"{name}={several} names several values: add -m to train one after another{a_list}")
        if multirun:
            params = composer.parse([f"{key}={value}" for key, value in _params(first).items()])
            said = {each.key_or_group for each in overrides}
            overrides = [each for each in params if each.key_or_group not in said] + overrides
            choices = [_choices(each) for each in overrides]
        every = tuple(_every(composer, overrides, choices, typed)) if values else ()
    data = [choice.partition("=")[2] for each in choices for choice in each if choice.startswith("data=")]
    return Trials(
        first=first,
        every=every,
        multirun=multirun,
        data=tuple(data or [str(first.hydra.runtime.choices.get("data"))]),
    )


def _every(
    composer: Composer, overrides: Sequence[Override], choices: Sequence[list[str]], typed: Callable[[], DictConfig]
) -> Iterator[Composed]:
    """Every combination, checked. Composing takes a tenth of a second, so values of a setting are put in by hand."""
    composed = [_is_composed(each, overrides, composer.configs) for each in overrides]
    bases: dict[tuple[str, ...], tuple[DictConfig, dict[str, str]]] = {}
    for trial in itertools.product(*choices):
        said = tuple(text if whole else each[0] for text, whole, each in zip(trial, composed, choices, strict=True))
        if said not in bases:
            config = compose_said(composer, overrides, said)
            check_hydra(config, typed)
            bases[said] = without_hydra(config), chosen_options(config)
            _check_values(bases[said][0])
            _check_swept_values(composer, bases[said][0], choices, composed)
        base, options = bases[said]
        config = base.copy()
        put(config, composer, [text for text, first in zip(trial, said, strict=True) if text != first])
        mine = [(text, each) for text, each in zip(trial, overrides, strict=True) if not is_hydras(each)]
        yield Composed(
            config=pin(config),
            chosen=options,
            overrides=tuple(text for text, _ in mine),
            swept=tuple(text for text, each in mine if each.is_sweep_override()),
        )


def _is_composed(override: Override, overrides: Sequence[Override], configs: Configs) -> bool:
    """Whether another value of it takes another composition: a group, or what is not simply one value for another."""
    key = override.key_or_group
    return (
        key in configs.groups
        or is_hydras(override)
        or override.type is not OverrideType.CHANGE
        or sum(each.key_or_group == key for each in overrides) > 1
        or (override.is_sweep_override() and "{" in str(override.input_line))
    )


def compose_said(composer: Composer, overrides: Sequence[Override], said: Sequence[str] | None = None) -> DictConfig:
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


def put(config: DictConfig, composer: Composer, said: Sequence[str]) -> None:
    """Put settings of a composed config to other values, given as overrides."""
    for other in composer.parse(said):
        OmegaConf.update(config, other.key_or_group, other.value(), merge=False, force_add=True)


def _check_values(config: DictConfig) -> None:
    from seqtrain.parts import prepare_parts

    prepare_parts(config)


def _check_swept_values(
    composer: Composer, config: DictConfig, choices: Sequence[list[str]], composed: Sequence[bool]
) -> None:
    """Check each further value of each swept setting by itself."""
    for said, whole in zip(choices, composed, strict=True):
        if whole:
            continue
        changed = config.copy()
        for other in said[1:]:
            put(changed, composer, [other])
            _check_values(changed)


def _choices(override: Override) -> list[str]:
    """The overrides that one with several values stands for."""
    if not override.is_sweep_override():
        return [_said(override)]
    key = override.get_key_element()
    if not override.is_discrete_sweep():
        raise WrongInput(f"{override.input_line} is a range to search in: name its values, or use seqtrain tune")
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
