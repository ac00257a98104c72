"""What the trained sweeps reached, read from their run folders."""

import json
from dataclasses import dataclass
from pathlib import Path

import yaml

from compared.sweeps import DataSet, Plan, Sweep
from seqtrain.comparison.statistics import Estimate, estimate


@dataclass(frozen=True)
class Trial:
    """One completed run."""

    model: str
    seed: int
    value: float  # of the sweep's metric on the test set
    cpu_seconds: float
    parameters: int


@dataclass(frozen=True)
class Reached:
    """What all models reached on one data set."""

    sweep: Sweep
    data: DataSet
    trials: tuple[Trial, ...]

    @property
    def lower_is_better(self) -> bool:
        return self.sweep.metric != "accuracy"

    def of(self, model: str) -> list[Trial]:
        """A model's runs by seed; none where it was not trained."""
        return sorted((trial for trial in self.trials if trial.model == model), key=lambda trial: trial.seed)

    def value(self, model: str) -> Estimate | None:
        """The mean over the seeds and its 95% interval, which one seed does not have."""
        trials = self.of(model)
        return estimate([trial.value for trial in trials]) if trials else None


def read_reached(plan: Plan) -> tuple[list[Reached], list[str]]:
    """What was reached on each data set, in the order of the plan, and what of the plan is missing, in words."""
    reached, missing = [], []
    for sweep in plan.sweeps:
        runs = [run for folder in sorted(sweep.folder.glob("*/result.json")) if (run := _run(folder.parent, sweep))]
        for data in sweep.sets:
            one = Reached(sweep, data, tuple(trial for value, trial in runs if value == data.value))
            reached.append(one)
            for models in plan.models:
                for name in models.names:
                    have = {trial.seed for trial in one.of(name)}
                    missing += [f"{data.name}: {name}, seed {seed}" for seed in models.seeds if seed not in have]
    return reached, missing


def _run(folder: Path, sweep: Sweep) -> tuple[str, Trial] | None:
    """A completed run and the value of the setting that tells its data set; None of a run that did not complete."""
    told = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    if told["status"] != "completed":
        return None
    overrides = yaml.safe_load((folder / ".hydra" / "overrides.yaml").read_text(encoding="utf-8"))
    words = dict(word.split("=", 1) for word in overrides)
    value = told["metrics"][f"test/{sweep.metric}"]
    trial = Trial(words["model"], int(words["seed"]), value, told["cpu_seconds"], told["parameters"])
    return words.get(sweep.over, ""), trial
