"""`seqtrain tune`: search for good settings, a training each, in any number of processes."""

from collections.abc import Mapping
from pathlib import Path

from omegaconf import OmegaConf

from seqtrain.commands.arguments import Arguments, read_arguments
from seqtrain.commands.configs import Configs, first_line
from seqtrain.commands.names import TUNES
from seqtrain.errors import WrongInput
from seqtrain.nearest import did_you_mean, listed

_HELP = """Search for good settings: each trial is a training, and its best epoch's score is what counts.

usage: seqtrain tune [flags] space=NAME [trials=N] [pruner=NAME] [group=option …] [key=value …]

Examples:
  seqtrain tune model=lstm data=fsdd space=recurrent trials=50
  seqtrain tune model=conv1d data=mel space=conv1d trials=30 pruner=hyperband checkpoint.monitor=val/accuracy
  seqtrain tune model=gru data=sincos space=mine --config-dir configs      # configs/space/mine.yaml

  space=NAME     what is searched:
                 {spaces}
  trials=N       how many in all; those that fail or are pruned count ({trials})
  pruner=NAME    when a trial is given up ({pruner}):
                 {pruners}
  sweep=NAME     the folder, outputs/sweeps/NAME (<data>-<model>-<space>)

The same line goes on where it was stopped, with more trials too; in several terminals it shares them.
Everything else is as for seqtrain train: seqtrain train --help"""

_DEFAULTS = {"trials": "50", "pruner": "median"}


def main(typed: list[str]) -> int:
    """Search; the exit status. WrongInput: a mistake in what was typed, or in the space."""
    arguments = read_arguments(typed)
    configs = Configs(arguments.config_dirs)
    if arguments.helps:
        print(_help(configs))
        return 0
    if arguments.shows or not arguments.composes:
        raise WrongInput("seqtrain tune shows no config: use seqtrain train with the same flag")
    own, rest = _taken_apart(arguments)
    total, pruner = _total(own["trials"]), _pruner(own["pruner"])
    space_file = _space_file(own.get("space"), configs)
    from seqtrain.commands.variants import variants

    with variants(rest, space_file) as made:
        plan = made.plan(pruner)
        folder = _folder(made.name(own["space"]))
        from seqtrain.commands.run_folders import trial_folder
        from seqtrain.identity import identity
        from seqtrain.sweeps import Trial
        from seqtrain.tuning.search import run_search
        from seqtrain.tuning.study import Study

        def make(number: int, settings: Mapping[str, str]) -> Trial:
            config, chosen = made.config(settings)
            said = tuple(f"{name}={text}" for name, text in settings.items())
            return Trial(
                folder=folder / f"{number:03d},{trial_folder(said)}",
                name=f"trial {number}",
                overrides=(*made.typed, *said),
                config=OmegaConf.to_yaml(config),
                identity=identity(config),
                chosen=chosen,
            )

        line = [word for word in typed if word.partition("=")[0] not in (*TUNES, "sweep")]
        return run_search(Study(folder, plan), make, total, line=line)


def _taken_apart(arguments: Arguments) -> tuple[dict[str, str], Arguments]:
    """What is the search's own, and the rest of the line."""
    if arguments.multirun:
        raise WrongInput("seqtrain tune takes no -m: it draws the values of its space")
    own, rest = dict(_DEFAULTS), []
    for override in arguments.overrides:
        key, _, value = override.partition("=")
        if key in TUNES:
            own[key] = value
        elif key.lstrip("+~").split(".")[0].split("/")[0] in ("hydra", "resume"):
            raise WrongInput(f"{override}: seqtrain tune reads no {key}; sweep=NAME names its folder")
        elif key.split(".")[0] == "launcher":
            raise WrongInput(f"{override}: start the same line several times, anywhere, and they share the trials")
        else:
            rest.append(override)
    return own, Arguments(**vars(arguments) | {"overrides": tuple(rest)})


def _total(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise WrongInput(f"trials is {text}: it must be a whole number of at least 1")
    return int(text)


def _pruner(name: str) -> str:
    from seqtrain.tuning.pruning import PRUNERS

    if name not in PRUNERS:
        raise WrongInput(
            f"pruner={name}: there is no such pruner{did_you_mean(name, PRUNERS)} (there are {listed(PRUNERS)})"
        )
    return name


def _space_file(name: str | None, configs: Configs) -> Path:
    spaces = configs.spaces
    if name is None:
        raise WrongInput(f"say what to search: space=NAME, of {listed(spaces)} or your own in --config-dir DIR")
    if name not in spaces:
        raise WrongInput(
            f"space={name}: there is no such space{did_you_mean(name, spaces)} (there are {listed(spaces)})"
        )
    return spaces[name]


def _folder(name: str) -> Path:
    folder = Path("outputs/sweeps") / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongInput(f"cannot write to {folder}: {error.strerror}") from error
    return folder.absolute()


def _help(configs: Configs) -> str:
    from seqtrain.tuning.pruning import PRUNERS

    gap = "\n" + " " * 17
    spaces = configs.spaces
    return _HELP.format(
        spaces=gap.join(f"{name}: {first_line(path)}" for name, path in spaces.items()),
        **_DEFAULTS,
        pruners=gap.join(f"{name}: {meaning}" for name, meaning in PRUNERS.items()),
    )
