"""Runs by what they are measured on: a metric of one data set, or of another target, says nothing beside others'."""

import os.path
from collections.abc import Sequence

from seqtrain.comparison.cells import cut
from seqtrain.comparison.groups import CLASS, shown_value
from seqtrain.comparison.runs import Run
from seqtrain.flat import Value

_CLASS = f"data{CLASS}"
_FILES = ("folder", "train", "test", "table", "test_list")
_TARGETS = ("target", "label", "classes", "predicts", "horizon", "points")
_TELLING = (_CLASS, "data.name", *(f"data.{name}" for name in (*_FILES, *_TARGETS)), f"task{CLASS}")

_Key = tuple[Value | None, ...]


def by_data(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs of each data set, in the order of their first ones, by a name of it: `mel`, `ts GunPoint`.

    What could not be read is of none.
    """
    members: dict[_Key, list[Run]] = {}
    for run in runs:
        if run.status != "unreadable":
            members.setdefault(_key(run), []).append(run)
    names = _names({key: _option(each) for key, each in members.items()})
    return {names[key]: each for key, each in members.items()}


def _key(run: Run) -> _Key:
    """What tells its data from others; a path in one way, however it was typed."""
    found = {name: run.settings.get(name) for name in _TELLING}
    paths = {f"data.{name}" for name in _FILES}
    return tuple(
        os.path.normpath(value) if name in paths and isinstance(value, str) else value for name, value in found.items()
    )


def _option(runs: Sequence[Run]) -> str:
    """What chose the data, `fsdd`; its class, where runs do not say."""
    options = {run.option("data") for run in runs}
    (only,) = options if len(options) == 1 else (None,)
    return only or shown_value(_CLASS, runs[0].settings.get(_CLASS)).lower()


def _names(options: dict[_Key, str]) -> dict[_Key, str]:
    """The option and data.name, with as few values after them as tell all data sets apart."""
    named = _TELLING.index("data.name")
    told: dict[_Key, tuple[str, ...]] = {
        key: (option,) if key[named] is None else (option, cut(str(key[named]), 40)) for key, option in options.items()
    }
    for place, setting in enumerate(_TELLING):
        if place == named:
            continue
        more = {
            key: parts if key[place] is None else (*parts, cut(shown_value(setting, key[place]), 40))
            for key, parts in told.items()
        }
        if len(set(more.values())) > len(set(told.values())):
            told = more
    names = [" ".join(parts) for parts in told.values()]
    twice = len(set(names)) < len(names)  # classes of one name in two packages, or texts that differ where they are cut
    return {
        key: f"{name} {place}" if twice else name for place, (key, name) in enumerate(zip(told, names, strict=True), 1)
    }
