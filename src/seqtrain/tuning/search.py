"""A search from its first trial to its closing words; the same line again goes on where it stopped."""

import sys
import time
import traceback
from collections.abc import Sequence

from seqtrain.errors import WrongInput
from seqtrain.interruption import Interrupted, Interruption
from seqtrain.loading import load_data
from seqtrain.parts import prepare_parts
from seqtrain.run_folder import RunFolder
from seqtrain.stored_config import checked_config
from seqtrain.sweeps.trial import Trial, bring_to_end, progress
from seqtrain.tuning.closing import Make, closing_words, opening_words, value_words
from seqtrain.tuning.study import Claimed, Study

_PATIENCE = 1.0  # seconds between two looks at trials that other processes train
_MOST_FAILURES = 5  # of a process of which no trial came to more


def run_search(study: Study, make: Make, total: int, *, line: Sequence[str]) -> int:
    """Train trials until there are `total`, in all processes and ever; the exit status.

    Args:
        study: open.
        make: of a trial's number and settings, as on the command line, the trial.
        total: trials, with those that failed or were pruned.
        line: the words that train the config without what is searched.

    Raises WrongInput where the data cannot be read, before a trial is spent on it, or where a trial's folder holds a
    run of another config.
    """
    print(opening_words(study, total), flush=True)
    try:
        with Interruption().listening():
            if not study.trials():
                _check_data(study)
            broken = _trained(study, make, total)
    except Interrupted as error:
        print(f"{error}: {len(study.trials())} of {total} trials; run the same line again", file=sys.stderr)
        return 128 + error.signum
    if broken:
        print(
            f"{_MOST_FAILURES} trials failed and none came to more: correct what they say, and run the same line again",
            file=sys.stderr,
        )
        return 1
    print(closing_words(study, make, line))
    return int(study.best() is None)


def _check_data(study: Study) -> None:
    """Read the data once as every trial will. WrongInput: it cannot be read, or leaves nothing to judge a trial by."""
    parts = prepare_parts(checked_config(study.plan.config, study.folder))
    if load_data(parts.data(), parts.loading(), seed=parts.run.seed).val is None:
        raise WrongInput("data.val_fraction is 0, so a search has no validation to watch: set data.val_fraction=0.1")


def _trained(study: Study, make: Make, total: int) -> bool:
    """Whether it gave up, because whatever it tried failed."""
    failures, worked, waits = 0, False, False
    while failures < _MOST_FAILURES or worked:
        with study.claim(total) as claimed:
            if claimed is not None:
                trial = make(claimed.number, claimed.settings)
                status = _bring_to_end(study, claimed, trial, total)
                failures += status in ("failed", "diverged")
                worked = worked or status in ("completed", "pruned")
        if claimed is None and study.count("running") == 0:
            return False
        if claimed is None or status == "busy":
            if not waits:
                waits = True
                print("waiting for the trials of other processes", flush=True)
            time.sleep(_PATIENCE)
    return True


def _bring_to_end(study: Study, claimed: Claimed, trial: Trial, total: int) -> str:
    """Train a trial, tell the study, and say it; what became of it."""
    settings = " ".join(f"{name}={text}" for name, text in claimed.settings.items())
    begun = "going on, " if claimed.begun else ""
    print(f"trial {claimed.number} ({begun}{claimed.number + 1} of {total}): {settings}", flush=True)
    twin = study.twin(claimed)
    if twin is not None and twin.value is not None:
        study.tell(claimed, value=twin.value)
        print(f"  the same as trial {twin.number}: {value_words(study, twin.value)}", flush=True)
        return "completed"
    began = time.monotonic()
    status, cause = _trained_trial(claimed, trial)
    if status == "completed":
        value = float(RunFolder(trial.folder).read_result()["metrics"][study.plan.monitor])
        study.tell(claimed, value=value)
        print(f"  {value_words(study, value)}, in {time.monotonic() - began:,.1f} s", flush=True)
    elif status == "busy":
        print("  waiting: another process trains it", flush=True)
    else:
        study.give_up(claimed, cause, pruned=status == "pruned")
        print(f"  {status}: {cause}", flush=True)
    return status


def _trained_trial(claimed: Claimed, trial: Trial) -> tuple[str, str]:
    """Status and cause."""
    progress(trial)  # refuses the run of another config
    before = RunFolder(trial.folder).read_result()
    if before.get("status") == "pruned":  # by a process that was killed before it told the study
        return "pruned", str(before["cause"])
    outcome, _, error = bring_to_end(trial, behind=claimed.behind)
    if error is not None and not isinstance(error, WrongInput | ArithmeticError):
        traceback.print_exception(error)
    return outcome.status, outcome.cause
