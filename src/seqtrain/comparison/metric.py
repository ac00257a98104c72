"""Which metric runs are compared by, and whether less of it is better."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from seqtrain.comparison.runs import Run
from seqtrain.direction import less_is_better
from seqtrain.errors import WrongInput
from seqtrain.nearest import did_you_mean, listed

# What a task is judged by; the loss, which has other units in other tasks, only where nothing else is shared
_NATURAL = tuple(f"{split}/{name}" for split in ("test", "val") for name in ("accuracy", "rmse", "loss"))


@dataclass(frozen=True)
class Metric:
    """A name such as test/accuracy, and its direction."""

    name: str
    less_is_better: bool


def choose_metric(
    runs: Sequence[Run], wanted: str | None = None, mode: Literal["auto", "min", "max"] = "auto"
) -> Metric:
    """The wanted metric, or the natural one: accuracy for classes, rmse for values, of the test set where there is one.

    Raises WrongInput unless each of these completed runs has it, and says how many have which; or where its name does
    not tell its direction.
    """
    has = Counter(name for run in runs for name in run.metrics)
    everywhere = [name for name, count in has.items() if count == len(runs)]
    name = wanted or next((each for each in _NATURAL if each in everywhere), None)
    if name is None:
        counts = listed(f"{each} in {count}" for each, count in has.most_common())
        raise WrongInput(f"no metric is in all {len(runs)} completed runs ({counts}): compare runs of one task")
    if name not in has:
        raise WrongInput(f"no run has the metric {name}{did_you_mean(name, has)} (they have {listed(has)})")
    if name not in everywhere:
        without = [str(run.folder) for run in runs if name not in run.metrics]
        raise WrongInput(
            f"{name} is in {has[name]} of {len(runs)} completed runs: leave the others out, "
            f"or choose one that all have ({listed(everywhere) or 'there is none'})\nwithout it: {listed(without, 3)}"
        )
    return Metric(name, less_is_better(name, mode, "mode=min or mode=max"))


def is_finite(run: Run, metric: Metric) -> bool:
    return math.isfinite(run.metrics[metric.name])
