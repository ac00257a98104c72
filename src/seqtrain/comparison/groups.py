"""Runs that were set alike but for seed and fold, as one group; and the settings in which groups differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from seqtrain.comparison.runs import Run
from seqtrain.flat import Value
from seqtrain.identity import matters

_REPEATED = ("seed", "data.fold")  # what a group is repeated over
CLASS = "._target_"  # how the name of a setting that is a class ends


@dataclass(frozen=True)
class Group:
    """Runs of the same settings."""

    settings: Mapping[str, Value]  # those that can change the result, without seed and fold
    told: Mapping[str, Value]  # the same; the model by the option that chose it, if that of every run is known
    completed: tuple[Run, ...]  # each seed and fold once
    unfinished: tuple[Run, ...]
    failed: tuple[Run, ...]
    repeated: tuple[Run, ...]  # completed before a newer run of the same seed and fold

    @property
    def folds(self) -> int | None:
        """Parts of the cross-validation; None where the split is fixed."""
        folds = self.settings.get("data.folds")
        return folds if isinstance(folds, int) else None

    def values(self, metric: str) -> dict[object, float]:
        """A metric by what its values are independent in: by fold, each the mean over its seeds; else by seed."""
        name = "seed" if self.folds is None else "data.fold"
        by_key: dict[object, list[float]] = {}
        for run in self.completed:
            by_key.setdefault(run.settings.get(name), []).append(run.metrics[metric])
        return {key: fmean(values) for key, values in by_key.items()}

    def mean(self, name: str) -> float | None:
        """The mean of a number of result.json, such as seconds, over the completed runs."""
        numbers = [number for run in self.completed if (number := run.number(name)) is not None]
        return fmean(numbers) if numbers else None


def group_runs(runs: Sequence[Run]) -> list[Group]:
    """The groups, in the order of their first runs. What could not be read belongs to none."""
    members: dict[frozenset[tuple[str, Value]], list[Run]] = {}
    for run in runs:
        if run.status != "unreadable":
            members.setdefault(frozenset(_own(run.settings).items()), []).append(run)
    named = all(run.option("model") is not None for each in members.values() for run in each)
    return [_group(each, named=named) for each in members.values()]


def differing(groups: Sequence[Group]) -> list[str]:
    """The settings that not all groups share, in the order of the config.

    What comes with a class or an option is no difference of its own: a model's settings are told where runs of the
    same model differ in them, and not because another model lacks them or has another default.
    """
    names = dict.fromkeys(name for group in groups for name in group.told)
    found = []
    for name in names:
        values: dict[object, set[tuple[type, Value] | None]] = {}
        for group in groups:
            value = group.told.get(name)
            values.setdefault(_owners(name, group), set()).add(None if value is None else (type(value), value))
        if any(len(each) > 1 for each in values.values()):
            found.append(name)
    return found


def telling(names: Sequence[str], groups: Sequence[Group]) -> list[str]:
    """A few of these settings that tell all groups apart: again and again the one that tells most apart."""

    def parted(by: Sequence[str]) -> int:
        return len({tuple(group.told.get(each) for each in by) for group in groups})

    kept: list[str] = []
    told = 1
    while told < len(groups):
        apart = {name: parted([*kept, name]) for name in names}
        best = max(names, key=lambda name: apart[name], default=None)
        if best is None or apart[best] == told:  # the same class under another name: no setting tells
            break
        kept, told = [*kept, best], apart[best]
    return [name for name in names if name in kept]


def short_names(names: Sequence[str]) -> dict[str, str]:
    """`model.cell` as `cell`, with as much before it as tells it from others; a class as its slot."""
    parts = {name: name.removesuffix(CLASS).split(".") for name in names}
    shown = {}
    for name, own in parts.items():
        ends = [other for each, other in parts.items() if each != name]
        enough = (k for k in range(1, len(own)) if all(other[-k:] != own[-k:] for other in ends))
        shown[name] = ".".join(own[-next(enough, len(own)) :])
    return shown


def shown_value(name: str, value: Value | None) -> str:
    """A value of a table: a class by its own name, nothing for what is not set."""
    if value is None:
        return "–"
    if name.endswith(CLASS):
        return str(value).rsplit(".", 1)[-1]
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)


def _own(settings: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in settings.items() if name not in _REPEATED and matters(name)}


def _group(runs: Sequence[Run], *, named: bool) -> Group:
    newest: dict[tuple[Value | None, ...], Run] = {}
    repeated = []
    for run in sorted(runs, key=lambda run: str(run.result.get("date", ""))):
        if run.status == "completed":
            key = tuple(run.settings.get(name) for name in _REPEATED)
            repeated += [newest[key]] if key in newest else []
            newest[key] = run
    settings = _own(runs[0].settings)
    model = {f"model{CLASS}": runs[0].option("model") or ""} if named and f"model{CLASS}" in settings else {}
    return Group(
        settings=settings,
        told=settings | model,
        completed=tuple(newest.values()),
        unfinished=tuple(run for run in runs if run.unfinished),
        failed=tuple(run for run in runs if run.status != "completed" and not run.unfinished),
        repeated=tuple(repeated),
    )


def _owners(name: str, group: Group) -> tuple[Value | None, ...]:
    """The classes, or options, that a setting belongs to, from the outside in."""
    parts = name.removesuffix(CLASS).split(".")[:-1]
    return tuple(group.told.get(".".join(parts[: k + 1]) + CLASS) for k in range(len(parts)))
