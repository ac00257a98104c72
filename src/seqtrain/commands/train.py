"""`seqtrain train`: check everything that was typed, then let Hydra start one run or a sweep."""

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seqtrain.commands.arguments import Arguments, read_arguments
from seqtrain.commands.run_folders import register_resolvers, run_folder, sweep_folder
from seqtrain.errors import WrongInput
from seqtrain.interruption import Interrupted

FAILED = "failed.txt"  # in the folder of a sweep: the trials that failed, and why


def main(typed: list[str]) -> int:
    """Train what was typed; the exit status. WrongInput: a mistake in it."""
    arguments = read_arguments(typed)
    if arguments.helps:
        from seqtrain.commands.configs import Configs
        from seqtrain.commands.help import train_help

        print(train_help(Configs(arguments.config_dirs)))
        return 0
    if not arguments.composes:
        return _start_hydra(arguments, [], Trial())
    stopped = _resumed(arguments.overrides)
    if stopped is not None:
        return resume(Path(stopped), [each for each in arguments.overrides if not each.startswith("resume=")])
    from seqtrain.commands.trials import check_trials

    trials = check_trials(arguments, values=not arguments.shows)
    if arguments.shows:
        return _start_hydra(arguments, [], Trial())
    folder, place = _folder(trials.first, trials.data, trials.multirun, arguments)
    trial = Trial(sweep=folder if trials.multirun else None)
    _make(folder, trials.multirun)
    status = _start_hydra(arguments, place, trial)
    return _close_sweep(folder, trials.count, status) if trials.multirun else status or trial.status


def run(config: DictConfig, folder: Path, overrides: list[str], *, resume: bool = False) -> dict[str, Any]:
    """One training, in its folder; what its result.json says."""
    from seqtrain.parts import prepare_parts

    parts = prepare_parts(config)
    from seqtrain.report import closing_table, quiet_libraries  # what is heavy waits until the config is good
    from seqtrain.training_run import train

    quiet_libraries()
    try:
        result = train(parts, folder, config=OmegaConf.to_yaml(config), overrides=overrides, resume=resume)
    except Interrupted:
        print(f"continue with: resume={folder}", file=sys.stderr)
        raise
    tensorboard = parts.logger is not None and parts.logger.cls.__name__ == "TensorBoard"
    print(closing_table(result, folder, tensorboard=tensorboard))
    return result


def resume(folder: Path, overrides: list[str]) -> int:
    """Continue a run where it was stopped; the exit status."""
    from seqtrain.commands.resume import is_complete, resumed_config

    config = resumed_config(folder, overrides)
    if is_complete(folder):
        print(f"{folder} is complete: there is nothing to resume")
        return 0
    try:
        run(config, folder, overrides, resume=True)
    except Exception as error:
        return _told(error)
    return 0


class Trial:
    """What Hydra calls for each run. A failure is told and kept, so that it does not stop the others."""

    __name__ = __qualname__ = "trial"

    def __init__(self, sweep: Path | None = None) -> None:
        self.sweep = sweep
        self.status = 0

    def __reduce__(self) -> tuple[Callable[..., "Trial"], tuple[Path | None]]:
        return _in_worker, (self.sweep,)

    def __call__(self, config: DictConfig) -> float | None:
        from hydra.core.hydra_config import HydraConfig

        told = HydraConfig.get()
        overrides = [str(each) for each in told.overrides.task]
        if self.sweep is not None:
            print(f"\ntrial {told.job.num + 1}: {' '.join(overrides)}", flush=True)
        try:
            result = run(config, Path(told.runtime.output_dir), overrides)
        except Exception as error:
            self.status = _told(error)
            if self.status > 128:  # a signal: the user or the machine wants everything to end
                raise SystemExit(self.status) from error
            if self.sweep is not None:
                self._keep(f"{' '.join(overrides)}: {str(error) or type(error).__name__}")
            return None
        value = result.get("metrics", {}).get(config.checkpoint.monitor)
        return None if value is None else float(value)

    def _keep(self, failure: str) -> None:
        assert self.sweep is not None
        with (self.sweep / FAILED).open("a", encoding="utf-8") as file:
            file.write(failure.replace("\n", " ") + "\n")


def _in_worker(sweep: Path | None) -> Trial:
    """A launcher's worker process has not registered what the folder's name needs."""
    register_resolvers()
    return Trial(sweep)


def _told(error: Exception) -> int:
    """Tell an error, and the exit status it means."""
    if isinstance(error, Interrupted):
        print(error, file=sys.stderr)
        return 128 + error.signum
    if isinstance(error, WrongInput):
        print(error, file=sys.stderr)
        return 2
    if isinstance(error, ArithmeticError):  # Diverged
        print(error, file=sys.stderr)
    else:
        traceback.print_exception(error)
    return 1


def _resumed(overrides: tuple[str, ...]) -> str | None:
    said = [each.partition("=")[2] for each in overrides if each.startswith("resume=")]
    return said[-1].strip("'\"") if said and said[-1] not in ("", "null") else None


def _folder(config: DictConfig, data: tuple[str, ...], multirun: bool, arguments: Arguments) -> tuple[Path, list[str]]:
    """The folder of a run or a sweep, and the override that tells Hydra."""
    from seqtrain.commands.compose import quoted

    key = "hydra.sweep.dir" if multirun else "hydra.run.dir"
    if any(each.lstrip("+").startswith(key + "=") for each in arguments.overrides):
        return Path(str(OmegaConf.select(config, key))), []
    now = datetime.now()
    choices = config.hydra.runtime.choices
    name = sweep_folder(config.sweep, data, now) if multirun else run_folder(choices.data, choices.model, now)
    return Path(name), [f"{key}={quoted(name)}"]


def _make(folder: Path, multirun: bool) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FAILED).unlink(missing_ok=True)
    except OSError as error:
        key = "hydra.sweep.dir" if multirun else "hydra.run.dir"
        raise WrongInput(f"cannot write to {folder}: {error.strerror}. Choose another with {key}=DIR") from error


def _close_sweep(folder: Path, count: int, status: int) -> int:
    failures = folder / FAILED
    lines = failures.read_text(encoding="utf-8").splitlines() if failures.exists() else []
    if lines:
        print(f"\n{len(lines)} of {count} trials failed ({failures}):", file=sys.stderr)
        print("\n".join(f"  {line}" for line in lines), file=sys.stderr)
    return status or bool(lines)


def _start_hydra(arguments: Arguments, more: list[str], trial: Trial) -> int:
    """Hand over to Hydra; its exit status."""
    import hydra

    from seqtrain.commands.compose import CONFIG, search_override
    from seqtrain.commands.configs import shipped

    register_resolvers()
    words = [*arguments.flags, *arguments.overrides, *search_override(arguments.config_dirs), *more]
    start = hydra.main(version_base="1.3", config_path=str(shipped()), config_name=CONFIG)(trial)
    with _command_line(words):
        try:
            start()
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


@contextmanager
def _command_line(words: list[str]) -> Iterator[None]:
    before = sys.argv
    sys.argv = [before[0], *words]
    try:
        yield
    finally:
        sys.argv = before
