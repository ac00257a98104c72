"""The trials of a sweep one after another, in this process."""

import gc
from collections.abc import Iterator, Sequence

from seqtrain.sweeps.trial import Outcome, Trial, train_and_show


class Serial:
    """One trial after another, in this process."""

    def __call__(self, trials: Sequence[Trial]) -> Iterator[Outcome]:
        for number, trial in enumerate(trials, 1):
            print(f"\ntrial {number} of {len(trials)}: {trial.name}", flush=True)
            yield train_and_show(trial)
            if number == 1:
                spare_the_collector()
            else:
                gc.collect()  # what a trial leaves, before it is so much that one of them waits for it


def spare_the_collector() -> None:
    """The libraries are imported by now: looking at their objects again takes 0.2 s of a trial."""
    gc.collect()
    gc.freeze()
