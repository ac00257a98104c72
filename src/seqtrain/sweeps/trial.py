"""One training of a sweep: where it is, how far it came, and how it is brought to its end."""

import traceback
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from seqtrain.errors import MachineFailed, WrongInput
from seqtrain.identity import differences, identity
from seqtrain.interruption import Interrupted, Pruned
from seqtrain.report import closing_table, from_here, quiet_libraries
from seqtrain.run_folder import InUse, RunFolder
from seqtrain.stored_config import checked_config, read_stored_config

if TYPE_CHECKING:
    from seqtrain.callbacks.pruning import Behind

Status = Literal["completed", "pruned", "failed", "diverged", "busy"]


@dataclass(frozen=True)
class Trial:
    """A training and its folder.

    Args:
        folder: of its run.
        name: what tells it from the others, in words.
        overrides: as typed.
        config: composed, unresolved, as YAML.
        identity: of the config; see `seqtrain.identity`.
        chosen: the option of each group.
    """

    folder: Path
    name: str
    overrides: tuple[str, ...]
    config: str
    identity: str
    chosen: Mapping[str, str] = field(compare=False)  # trials are keys, which a mapping has no hash for

    @property
    def log(self) -> Path:
        return from_here(RunFolder(self.folder).log)


@dataclass(frozen=True)
class Outcome:
    """How a trial ended: `busy` where another process trains it; the cause in a line where it has none of its own."""

    trial: Trial
    status: Status
    cause: str = ""


def progress(trial: Trial) -> Literal["completed", "started", "missing"]:
    """How far a trial came. Raises WrongInput where its folder holds a run of another config, naming the difference."""
    folder = RunFolder(trial.folder)
    result = folder.read_result()
    if not result and not folder.config.exists():
        return "missing"
    if result.get("identity") != trial.identity:
        stored = read_stored_config(folder.config)
        if identity(stored) != trial.identity:
            found = differences(stored, checked_config(trial.config, trial.folder))
            more = f" and {len(found) - 3} more" if len(found) > 3 else ""
            raise WrongInput(
                f"{from_here(trial.folder)} holds a run of another config ({'; '.join(found[:3])}{more}): "
                "choose another name with sweep=NAME, or remove that folder"
            )
    if result.get("status") == "completed":
        return "completed"
    return "started" if folder.last.exists() or folder.previous.exists() else "missing"


def train_trial(trial: Trial) -> Outcome:
    """Train a trial to its end, from where it was stopped if it was; in any process. What is said goes to its log.

    Raises Interrupted where a signal asks to stop; any other error is the outcome, and in the log too.
    """
    log = RunFolder(trial.folder).log
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "a", encoding="utf-8") as file, redirect_stdout(file), redirect_stderr(file):
            return bring_to_end(trial)[0]
    except OSError as error:
        return Outcome(trial, "failed", f"cannot write to {log}: {error.strerror}")


def train_and_show(trial: Trial) -> Outcome:
    """The same with the run's table at its end, and the traceback of what nobody foresaw."""
    outcome, result, error = bring_to_end(trial)
    if outcome.status == "completed":
        print(closing_table(result, trial.folder))
    elif error is not None and not isinstance(error, WrongInput | ArithmeticError | MachineFailed):
        traceback.print_exception(error)
    return outcome


def bring_to_end(trial: Trial, *, behind: "Behind | None" = None) -> tuple[Outcome, dict[str, Any], Exception | None]:
    """Train a trial as `train_trial` does; how it ended, what its result.json says, and the error that ended it.

    Args:
        trial: where it is, and of what.
        behind: whether to give it up after an epoch.
    """
    try:
        from seqtrain.parts import prepare_parts

        parts = prepare_parts(checked_config(trial.config, trial.folder))
        from seqtrain.training_run import train

        quiet_libraries()
        result = train(
            parts,
            trial.folder,
            config=trial.config,
            overrides=list(trial.overrides),
            chosen=trial.chosen,
            resume=True,
            behind=behind,
        )
    except Interrupted:
        raise
    except Pruned as error:
        return Outcome(trial, "pruned", str(error)), {}, None
    except InUse:
        return Outcome(trial, "busy"), {}, None
    except Exception as error:
        kind = "" if isinstance(error, WrongInput | ArithmeticError | MachineFailed) else f"{type(error).__name__}: "
        cause = f"{kind}{error}".replace("\n", " ")
        return Outcome(trial, "diverged" if isinstance(error, ArithmeticError) else "failed", cause), {}, error
    return Outcome(trial, "completed"), result, None
