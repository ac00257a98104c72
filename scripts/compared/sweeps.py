"""The sweeps of sweeps.yaml, and the command lines that train them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

OUT = Path("outputs/sweeps")


@dataclass(frozen=True)
class DataSet:
    """One data set that all models are trained on."""

    name: str
    value: str  # of the setting that tells it from the others of its sweep; empty where it is alone
    published: str
    source: str  # of the published figure, in short


@dataclass(frozen=True)
class Sweep:
    """Every model on the data sets of a kind, by one recipe."""

    name: str
    words: tuple[str, ...]
    over: str  # the setting that tells the data sets apart; empty of one alone
    metric: str
    sets: tuple[DataSet, ...]

    @property
    def averaged(self) -> bool:
        """Whether its data sets are so many that their mean tells more than each."""
        return len(self.sets) > 2

    @property
    def folder(self) -> Path:
        return OUT / f"results_{self.name}"


@dataclass(frozen=True)
class Models:
    """Models that are trained with the same seeds."""

    names: tuple[str, ...]
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """All that is compared."""

    models: tuple[Models, ...]
    sweeps: tuple[Sweep, ...]
    sources: dict[str, str]  # in full, by their short names

    def lines(self, sweep: Sweep, processes: int) -> Iterator[list[str]]:
        """What to type for a sweep, a line for each number of seeds: words of `python train.py`."""
        sets = [f"{sweep.over}={','.join(each.value for each in sweep.sets)}"] if sweep.over else []
        launcher = ["launcher=processes", f"launcher.processes={processes}"]
        for models in self.models:
            choices = [f"model={','.join(models.names)}", f"seed={','.join(map(str, models.seeds))}"]
            yield ["-m", *sweep.words, *sets, *choices, f"sweep={sweep.folder.name}", *launcher]


def read_plan() -> Plan:
    content = yaml.safe_load(Path(__file__).with_name("sweeps.yaml").read_text(encoding="utf-8"))
    models = tuple(Models(tuple(each["models"]), tuple(each["seeds"])) for each in content["seeds"])
    sweeps = tuple(_sweep(name, told, content["recipes"]) for name, told in content["sweeps"].items())
    return Plan(models, sweeps, content["sources"])


def _sweep(name: str, told: dict[str, Any], recipes: dict[str, list[str]]) -> Sweep:
    words = [*recipes.get(told.get("recipe"), []), *told["words"]]
    over = told.get("over", "")
    sets = tuple(
        DataSet(each.get("name", key), key if over else "", each.get("published", ""), each.get("by", ""))
        for key, each in told["sets"].items()
    )
    return Sweep(name, tuple(words), over, told.get("metric", "accuracy"), sets)
