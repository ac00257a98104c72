"""A sweep from its plan to its closing table; the same line again goes on where it stopped."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from seqtrain.interruption import Interrupted, Interruption
from seqtrain.run_folder import RunFolder
from seqtrain.sweeps.trial import Outcome, Trial, progress

Launcher = Callable[[Sequence[Trial]], Iterator[Outcome]]

_SAID = {"completed": "skip", "started": "continue", "missing": "train"}
_PATIENCE = 1.0  # seconds between two looks at a trial that another process trains


def run_sweep(trials: Sequence[Trial], launcher: Launcher, *, name: str) -> int:
    """Train what is not completed; the exit status.

    Raises WrongInput, before anything is trained, where a folder holds a run of another config.
    """
    states = [(trial, progress(trial)) for trial in trials]
    counts = Counter(state for _, state in states)
    print(
        f"{name}: {len(trials)} trials, {counts['completed']} completed, {counts['started']} to continue, "
        f"{counts['missing']} to train"
    )
    for trial, state in states:
        print(f"  {_SAID[state]:<10}{trial.name}", flush=True)
    outcomes = {trial: Outcome(trial, "completed") for trial, state in states if state == "completed"}
    left = [trial for trial, state in states if state != "completed"]
    try:
        with Interruption().listening():
            for outcome in _finished(left, launcher):
                outcomes[outcome.trial] = outcome
                ended = f"{len(outcomes)} of {len(trials)} {outcome.status}: {outcome.trial.name}"
                print(f"{ended}{outcome.cause and f': {outcome.cause}'}", flush=True)
    except Interrupted as error:
        done = sum(outcome.status == "completed" for outcome in outcomes.values())
        print(
            f"{error}: {done} of {len(trials)} trials are completed; run the same line again to continue",
            file=sys.stderr,
        )
        return 128 + error.signum
    return _close([outcomes[trial] for trial in trials], name)


def _finished(trials: Sequence[Trial], launcher: Launcher) -> Iterator[Outcome]:
    """Every trial's outcome; those that another process trains come last, once it has trained them, or died."""
    while trials:
        busy = []
        for outcome in launcher(trials):
            if outcome.status == "busy":
                busy.append(outcome.trial)
            else:
                yield outcome
        if busy:
            print(f"waiting for another process: {', '.join(trial.name for trial in busy)}", flush=True)
        while any(RunFolder(trial.folder).in_use() for trial in busy):
            time.sleep(_PATIENCE)
        trials = busy  # the completed ones among them end at once


def _close(outcomes: Sequence[Outcome], name: str) -> int:
    failed = [outcome for outcome in outcomes if outcome.status != "completed"]
    print(f"\n{name}: {len(outcomes) - len(failed)} of {len(outcomes)} trials completed")
    if failed:
        width = max(len(outcome.trial.name) for outcome in failed)
        for outcome in failed:
            print(f"  {outcome.status:<9} {outcome.trial.name:<{width}}  {outcome.cause}", file=sys.stderr)
            if outcome.trial.log.exists():
                print(f"  {'':<9} {outcome.trial.log}", file=sys.stderr)
    print(f"compare them: seqtrain compare {name}")
    return int(bool(failed))
