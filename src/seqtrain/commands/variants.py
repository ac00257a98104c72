"""One config with the settings of a space put to other values, and the space checked against it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from seqtrain.commands.arguments import Arguments
from seqtrain.commands.compose import Composer, chosen_options, composing, pin, without_hydra
from seqtrain.commands.configs import Configs
from seqtrain.commands.mistakes import check_keys, check_names
from seqtrain.commands.run_folders import search_folder
from seqtrain.commands.trials import check_trials, compose_said, put
from seqtrain.errors import WrongInput
from seqtrain.nearest import listed
from seqtrain.tuning.plan import Plan
from seqtrain.tuning.space import Space, read_space


class Variants:
    """Made by `variants`, within which Hydra is set up.

    Args:
        composer: for the same folders of configs.
        typed: the overrides of the command line.
        base: what they compose to, with Hydra's own node.
        space: what is searched.
    """

    def __init__(self, composer: Composer, typed: tuple[str, ...], base: DictConfig, space: Space) -> None:
        self.typed = typed
        self.space = space
        self._composer = composer
        self._base = base
        self._parsed = composer.parse(typed)

    def config(self, settings: Mapping[str, str]) -> tuple[DictConfig, dict[str, str]]:
        """The config with these settings, and the option of each group.

        Raises WrongInput where they do not go together with what was typed.
        """
        overrides = {f"{name}={text}": name in self._composer.configs.groups for name, text in settings.items()}
        groups = [said for said, is_group in overrides.items() if is_group]
        parsed = [*self._parsed, *self._composer.parse(groups)]
        composed = compose_said(self._composer, parsed)
        config = without_hydra(composed)
        others = [said for said, is_group in overrides.items() if not is_group]
        check_keys(self._composer.parse(others), config, self._composer.configs)
        put(config, self._composer, others)
        return pin(config), chosen_options(composed)

    def name(self, space: str) -> str:
        """Of the search's folder: as `sweep=` says, or else the same for the same data, model and space."""
        choices = self._base.hydra.runtime.choices
        return search_folder(self._base.sweep, choices.data, choices.model, space)

    def plan(self, pruner: str) -> Plan:
        """The search of this space. WrongInput: its trials are not to be trained in the way asked for."""
        from seqtrain.cluster import place
        from seqtrain.parts import prepare_parts

        base = pin(without_hydra(self._base))
        parts = prepare_parts(base)
        checkpoints, training = parts.checkpoint(), parts.trainer()
        if place(training.devices) is not None:
            raise WrongInput("a search starts the processes of each trial itself: start it without torchrun or srun")
        if training.devices > 1 and pruner != "none":
            raise WrongInput(
                f"trainer.devices is {training.devices} and pruner is {pruner}: trials of several processes cannot be "
                "pruned: set pruner=none"
            )
        return Plan(
            config=OmegaConf.to_yaml(base),
            space=self.space,
            pruner=pruner,
            monitor=checkpoints.monitor,
            less_is_better=checkpoints.less_is_better,
            max_epochs=training.max_epochs,
            seed=parts.run.seed,
        )

    def check(self, file: Path) -> None:
        """Every setting by itself, at each of its ends or values. WrongInput names the space's file."""
        from seqtrain.parts import prepare_parts

        said = {override.key_or_group: override.input_line for override in self._parsed}
        for name, searched in self.space.items():
            if name in said:
                raise WrongInput(f"{said[name]}, but {name} is searched in {file}: leave it out of one of them")
            try:
                for value in searched.values:
                    text = searched.text(value)
                    check_names(self._composer.parse([f"{name}={text}"]), self._composer.configs)
                    prepare_parts(self.config({name: text})[0])
            except WrongInput as error:
                spaces = listed(self._composer.configs.spaces)
                raise WrongInput(f"{file}: {error}; space=NAME chooses another space, of {spaces}") from error


@contextmanager
def variants(arguments: Arguments, file: Path) -> Iterator[Variants]:
    """A command line's config, and those that a space's file makes of it, checked. WrongInput: the first mistake."""
    space = read_space(file)
    trials = check_trials(arguments)
    with composing(Configs(arguments.config_dirs)) as composer:
        found = Variants(composer, arguments.overrides, trials.first, space)
        found.check(file)
        yield found
