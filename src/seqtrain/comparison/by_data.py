"""Runs by what they are measured on: a metric of one data set, or of another target, says nothing beside others'."""

from collections.abc import Sequence

from seqtrain.comparison.groups import CLASS, shown_value
from seqtrain.comparison.runs import Run
from seqtrain.flat import Value

_CLASS = f"data{CLASS}"
_TELLING = (_CLASS, "data.name", "data.folder", "data.train", "data.target", "data.label", f"task{CLASS}")

_Key = tuple[Value | None, ...]


def by_data(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs of each data set, in the order of their first ones, by a name of it: `mel`, `ts GunPoint`.

    Runs that could not be read are with the first that could.
    """
    members: dict[_Key, list[Run]] = {}
    unreadable = [run for run in runs if run.status == "unreadable"]
    for run in runs:
        if run.status != "unreadable":
            members.setdefault(tuple(map(run.settings.get, _TELLING)), []).append(run)
    if not members:
        return {"": unreadable}
    next(iter(members.values())).extend(unreadable)
    names = _names({key: _option(each) for key, each in members.items()})
    return {names[key]: each for key, each in members.items()}


def _option(runs: Sequence[Run]) -> str:
    """What chose the data, `fsdd`; its class, where runs do not say."""
    options = {run.option("data") for run in runs}
    (only,) = options if len(options) == 1 else (None,)
    return only or shown_value(_CLASS, runs[0].settings.get(_CLASS)).lower()


def _names(options: dict[_Key, str]) -> dict[_Key, str]:
    """The option with as few values after it as tell all data sets apart."""
    told: dict[_Key, tuple[str, ...]] = {key: (option,) for key, option in options.items()}
    for place, setting in enumerate(_TELLING):
        more = {
            key: parts if key[place] is None else (*parts, shown_value(setting, key[place]))
            for key, parts in told.items()
        }
        if len(set(more.values())) > len(set(told.values())):
            told = more
    names = [" ".join(parts) for parts in told.values()]
    twice = len(set(names)) < len(names)  # classes of one name in two packages
    return {
        key: f"{name} {place}" if twice else name for place, (key, name) in enumerate(zip(told, names, strict=True), 1)
    }
