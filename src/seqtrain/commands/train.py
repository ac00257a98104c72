"""`seqtrain train`: check everything that was typed, then train it: one run, or a sweep."""

import shutil
import signal
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from seqtrain.commands.arguments import Arguments, read_arguments
from seqtrain.errors import MachineFailed, WrongInput
from seqtrain.interruption import Interrupted

if TYPE_CHECKING:
    from seqtrain.commands.trials import Trials

_READ = ("hydra.run.dir", "hydra.sweep.dir", "hydra.mode", "hydra.sweeper.params")  # of what is Hydra's own


def main(typed: list[str]) -> int:
    """Train what was typed; the exit status. WrongInput: a mistake in it."""
    arguments = read_arguments(typed)
    if arguments.helps:
        from seqtrain.commands.configs import Configs
        from seqtrain.commands.help import train_help

        print(train_help(Configs(arguments.config_dirs)))
        return 0
    if not arguments.composes:
        return _show(arguments)
    stopped = _resumed(arguments.overrides)
    if stopped is not None:
        if typed_too := _beside_resume(arguments):
            raise WrongInput(f"resume={stopped} goes on with that run's own config: leave out {typed_too}")
        return resume(Path(stopped), [each for each in arguments.overrides if not each.startswith("resume=")])
    from seqtrain.commands.configs import Configs
    from seqtrain.commands.names import check_plain_names

    check_plain_names(arguments.overrides, Configs(arguments.config_dirs))
    from seqtrain.cluster import place
    from seqtrain.commands.compose import without_hydra
    from seqtrain.commands.trials import check_trials

    trials = check_trials(arguments, values=not arguments.shows)
    if arguments.cfg == "job" and not arguments.resolve:  # which Hydra knows to do
        return _show_job(without_hydra(trials.first), arguments)
    if arguments.shows:
        return _show(arguments)
    _check_hydras(arguments.overrides)
    if trials.multirun and place(_devices(trials.first)) is not None:
        raise WrongInput("a sweep starts the processes of each trial itself: start it without torchrun or srun")
    key = "hydra.sweep.dir" if trials.multirun else "hydra.run.dir"
    named = any(each.lstrip("+").startswith(key + "=") for each in arguments.overrides)
    folder = _folder(trials, key, named=named)
    return _sweep(trials, folder) if trials.multirun else _single(trials, folder, ours=not named)


def _single(trials: "Trials", folder: Path, *, ours: bool) -> int:
    """One run; the exit status. Where nobody named its folder, nothing is left of a run that is refused."""
    (trial,) = trials.every
    try:
        run(trial.config, folder, list(trial.overrides), trial.chosen)
    except (Exception, Interrupted) as error:
        if isinstance(error, WrongInput) and ours and _leads(trial.config):
            _take_away(folder)
        return _told(error)
    return 0


def _take_away(folder: Path) -> None:
    """A run's folder, unless it has trained."""
    from seqtrain.run_folder import RunFolder

    run = RunFolder(folder)
    if not (run.last.exists() or run.previous.exists() or run.metrics.exists()):
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(trials: "Trials", folder: Path) -> int:
    from seqtrain.build import prepare
    from seqtrain.commands.run_folders import trial_folder
    from seqtrain.identity import identity
    from seqtrain.report import from_here
    from seqtrain.sweeps import Trial, run_sweep

    every = [
        Trial(
            folder=folder / trial_folder(each.overrides),
            name=" ".join(each.swept) or trial_folder(each.overrides),
            overrides=each.overrides,
            config=OmegaConf.to_yaml(each.config),
            identity=identity(each.config),
            chosen=each.chosen,
        )
        for each in trials.every
    ]
    launcher = prepare(trials.every[0].config.launcher, "launcher")()
    return run_sweep(every, launcher, name=str(from_here(folder)))


def run(
    config: DictConfig, folder: Path, overrides: list[str], chosen: Mapping[str, str] | None, *, resume: bool = False
) -> dict[str, Any]:
    """One training, in its folder; what its result.json says."""
    from seqtrain.parts import prepare_parts

    parts = prepare_parts(config)
    _ = parts.trainer().gpu  # a GPU that is not there is told before Lightning is imported
    from seqtrain.report import (  # what is heavy waits until the config is good
        closing_table,
        from_here,
        quiet_libraries,
    )
    from seqtrain.training_run import train

    quiet_libraries()
    try:
        text = OmegaConf.to_yaml(config)
        result = train(parts, folder, config=text, overrides=overrides, chosen=chosen, resume=resume)
    except (Interrupted, MachineFailed):
        if _leads(config):
            print(f"continue with: seqtrain train resume={from_here(folder)}", file=sys.stderr)
        raise
    if not _leads(config):
        return result
    tensorboard = parts.logger is not None and parts.logger.cls.__name__ == "TensorBoard"
    print(closing_table(result, folder, tensorboard=tensorboard))
    return result


def resume(folder: Path, overrides: list[str]) -> int:
    """Continue a run where it was stopped; the exit status."""
    from seqtrain.commands.resume import is_complete, resumed_config

    config = resumed_config(folder, overrides)
    if is_complete(folder):
        print(f"{folder} is complete: there is nothing to resume; train on from its weights with init_from={folder}")
        return 0
    try:
        run(config, folder, overrides, None, resume=True)
    except (Exception, Interrupted) as error:
        return _told(error)
    return 0


def _told(error: Exception | Interrupted) -> int:
    """Tell an error, and the exit status it means."""
    if isinstance(error, Interrupted):
        for signum in (signal.SIGINT, signal.SIGTERM):  # the same wish again, while Python ends, changes nothing
            signal.signal(signum, signal.SIG_IGN)
        print(error, file=sys.stderr)
        return 128 + error.signum
    if isinstance(error, WrongInput):
        print(error, file=sys.stderr)
        return 2
    from seqtrain.rank_processes import RankFailed
    from seqtrain.ranks import PeerLost

    if isinstance(error, ArithmeticError | MachineFailed | RankFailed | PeerLost):  # ArithmeticError: Diverged
        print(error, *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
    else:
        traceback.print_exception(error)
    return 1


def _resumed(overrides: tuple[str, ...]) -> str | None:
    said = [each.partition("=")[2] for each in overrides if each.startswith("resume=")]
    return said[-1].strip("'\"") if said and said[-1] not in ("", "null") else None


def _beside_resume(arguments: Arguments) -> str | None:
    """What was typed that means nothing where a run is resumed."""
    if arguments.multirun:
        return "-m"
    if arguments.config_dirs:
        return "--config-dir"
    return arguments.flags[0].partition("=")[0] if arguments.flags else None


def _check_hydras(overrides: Iterable[str]) -> None:
    for override in overrides:
        key = override.lstrip("+~").partition("=")[0]
        if key.split(".")[0].split("/")[0] == "hydra" and not key.startswith(_READ):
            instead = {"hydra/launcher": "launcher=processes or launcher=slurm", "hydra/sweeper": "seqtrain tune"}
            use = f"use {instead[key]}" if key in instead else f"of hydra's settings it reads {', '.join(_READ)}"
            raise WrongInput(f"{override}: seqtrain composes with Hydra and starts its runs itself: {use}")


def _folder(trials: "Trials", key: str, *, named: bool) -> Path:
    """The folder of a run or a sweep, made. WrongInput: it cannot be.

    Args:
        trials: what is to be trained.
        key: the setting that can name it.
        named: whether it does.
    """
    from seqtrain.commands.run_folders import run_folder, sweep_folder

    now = datetime.now()
    if named:
        folder = Path(str(OmegaConf.select(trials.first, key)))
    elif trials.multirun:
        folder = Path(sweep_folder(trials.first.sweep, trials.data, now))
    else:
        choices = trials.first.hydra.runtime.choices
        folder = Path(run_folder(choices.data, choices.model, now))
    if not _leads(trials.first):
        return folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongInput(f"cannot write to {folder}: {error.strerror}. Choose another with {key}=DIR") from error
    return folder.absolute()


def _leads(config: DictConfig) -> bool:
    """Whether this is the only process, or the first of those that torchrun or srun started to train together."""
    from seqtrain.cluster import place

    here = place(_devices(config))
    return here is None or here.rank == 0


def _devices(config: DictConfig) -> int:
    return int(config.trainer.get("devices", 1))  # stored configs may be older than the setting


def _show_job(config: DictConfig, arguments: Arguments) -> int:
    """Print what Hydra's `--cfg job` does: the config is composed already, and composing takes a tenth of a second."""
    package = arguments.package if arguments.package != "_global_" else None
    shown = config if package is None else OmegaConf.select(config, package)
    if shown is None:
        raise WrongInput(f"--package {package}: the config has no such part")
    if package is not None and OmegaConf.is_config(shown):
        print(f"# @package {package}")
    print(OmegaConf.to_yaml(shown) if OmegaConf.is_config(shown) else f"{shown}\n", end="")
    return 0


def _show(arguments: Arguments) -> int:
    """What Hydra shows: a config with its own node, its help, completion. Its exit status."""
    import hydra
    from hydra.errors import HydraException

    from seqtrain.commands.compose import CONFIG, search_override
    from seqtrain.commands.configs import shipped

    words = [*arguments.flags, *arguments.overrides, *search_override(arguments.config_dirs)]
    start = hydra.main(version_base="1.3", config_path=str(shipped()), config_name=CONFIG)(_nothing)
    with _command_line(words):
        try:
            start()
        except HydraException as error:
            raise WrongInput(str(error).splitlines()[0]) from error
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _nothing(_: DictConfig) -> None:
    """Hydra was asked to show something, not to run it."""


@contextmanager
def _command_line(words: list[str]) -> Iterator[None]:
    before = sys.argv
    sys.argv = [before[0], *words]
    try:
        yield
    finally:
        sys.argv = before
