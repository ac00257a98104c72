"""A study in its folder: trials are drawn, claimed by one process each, and told how they ended.

Optuna keeps them in a journal file, which any number of processes may write to. What a process draws or claims, it
does alone; the claim is a lock, so that the trial of a process that died is known, and claimed by the next.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqtrain.callbacks.pruning import Behind
from seqtrain.errors import WrongInput
from seqtrain.randomness import mix
from seqtrain.tuning.locks import Lock
from seqtrain.tuning.plan import Plan, check_same
from seqtrain.tuning.pruning import judge, make_pruner

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial, Trial

_DRAWING = 110  # keeps the key of a trial's settings apart from the other uses of the seed


@dataclass(frozen=True)
class Claimed:
    """A trial that this process brings to its end, or found ended in an earlier one.

    Args:
        trial: of Optuna's.
        number: from 0.
        settings: their values as on the command line, by name.
        behind: whether to give it up after an epoch; None where none is.
        begun: whether a process that died had claimed it.
    """

    trial: "Trial"
    number: int
    settings: dict[str, str]
    behind: Behind | None
    begun: bool


class Study:
    """The study of a plan; made where there is none yet.

    Raises WrongInput where Optuna is not installed, or the folder holds another study, naming the difference.
    """

    def __init__(self, folder: Path, plan: Plan) -> None:
        optuna = _optuna()
        self.folder = folder
        self.plan = plan
        journal = folder / "study.journal"
        if not journal.exists() and any(not each.name.startswith(".") for each in folder.iterdir()):
            raise WrongInput(f"{folder} holds something else than a search: choose another name with sweep=NAME")
        self._claims = folder / ".claims"
        self._claims.mkdir(exist_ok=True)
        self._alone = Lock(self._claims / "drawing")
        with self._alone:
            writing = Lock(self._claims / "journal")
            with writing:
                _mend(journal)
            storage = optuna.storages.journal
            self.optuna: Any = optuna.create_study(
                study_name="search",  # of which hyperband draws where a trial begins
                storage=storage.JournalStorage(storage.JournalFileBackend(str(journal), writing)),
                direction="minimize" if plan.less_is_better else "maximize",
                pruner=make_pruner(plan.pruner, plan.max_epochs),
                load_if_exists=True,
            )
            kept = self.optuna.user_attrs.get("plan")
            if kept is None:
                self.optuna.set_user_attr("plan", plan.plain())
            else:
                check_same(kept, plan, folder)

    def trials(self) -> "Sequence[FrozenTrial]":
        """All that were drawn so far, in every process."""
        found: Sequence[FrozenTrial] = self.optuna.get_trials(deepcopy=False)
        return found

    def count(self, state: str) -> int:
        """How many are `complete`, `pruned`, `fail` or `running`."""
        return sum(trial.state.name.lower() == state for trial in self.trials())

    def best(self) -> "FrozenTrial | None":
        """The completed trial with the best value, the first of several; None before there is one."""
        done = [trial for trial in self.trials() if trial.state.name == "COMPLETE"]
        sign = 1.0 if self.plan.less_is_better else -1.0
        return min(done, key=lambda trial: sign * (trial.value or 0.0), default=None)

    def settings(self, trial: "FrozenTrial") -> dict[str, str]:
        """What a trial was trained with, as on the command line."""
        return {name: each.drawn(trial.params[name]) for name, each in self.plan.space.items() if name in trial.params}

    @contextmanager
    def claim(self, total: int) -> "Iterator[Claimed | None]":
        """Within, a trial is this process's own: one that nobody is at, or a new one up to `total`, or None."""
        with self._alone:
            claimed, lock = self._claimed(total)
        try:
            yield claimed
        finally:
            if lock is not None:
                lock.release()

    def tell(self, claimed: Claimed, *, value: float) -> None:
        """A trial is completed."""
        self.optuna.tell(claimed.number, value)

    def give_up(self, claimed: Claimed, cause: str, *, pruned: bool) -> None:
        """A trial was pruned, or failed; it is kept, and counts."""
        from optuna.trial import TrialState

        claimed.trial.set_user_attr("cause", cause)
        self.optuna.tell(claimed.number, state=TrialState.PRUNED if pruned else TrialState.FAIL)

    def twin(self, claimed: Claimed) -> "FrozenTrial | None":
        """A completed trial of the same settings, which would have the same value."""
        done = (trial for trial in self.trials() if trial.state.name == "COMPLETE")
        return next((trial for trial in done if self.settings(trial) == claimed.settings), None)

    def _claimed(self, total: int) -> tuple[Claimed | None, Lock | None]:
        trials = self.trials()
        for number in [trial.number for trial in trials if trial.state.name == "RUNNING"]:
            lock = Lock(self._claims / str(number))
            if lock.acquire(waits=False):
                trial = self.trials()[number]
                if trial.state.name == "RUNNING":  # still: whoever was at it may have told its end before letting go
                    return self._drawn(trial), lock
                lock.release()
        if len(trials) >= total:
            return None, None
        lock = Lock(self._claims / str(len(trials)))
        lock.acquire()
        return self._drawn(None), lock

    def _drawn(self, left: "FrozenTrial | None") -> Claimed:
        """Draw the settings of a new trial, or those that the process which left one had not come to draw."""
        import optuna

        number = len(self.trials()) if left is None else left.number
        self.optuna.sampler = optuna.samplers.TPESampler(seed=mix(self.plan.seed, _DRAWING, number) % 2**32)
        trial: Trial = self.optuna.ask() if left is None else optuna.trial.Trial(self.optuna, left._trial_id)
        settings = {name: each.drawn(each.draw(trial)) for name, each in self.plan.space.items()}
        reported = set() if left is None else set(left.intermediate_values)
        behind = None if self.plan.pruner == "none" else judge(trial, reported)
        return Claimed(trial, number, settings, behind, left is not None)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise WrongInput("seqtrain tune needs optuna: pip install 'seqtrain[tune]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _mend(journal: Path) -> None:
    """Cut off a last line that was not written to its end, as after a power failure: Optuna would refuse them all."""
    if journal.exists():
        content = journal.read_bytes()
        if not content.endswith(b"\n"):
            with open(journal, "r+b") as file:
                file.truncate(content.rfind(b"\n") + 1)
