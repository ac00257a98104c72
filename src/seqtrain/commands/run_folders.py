"""What the folders of runs are called."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from seqtrain.identity import matters

_FIRST = ("model", "seed")
_LONGEST, _LONG = 100, 40  # characters of a name, and of an override in it


def run_folder(data: str, model: str, now: datetime) -> str:
    return f"outputs/runs/{_flat(data)}-{_flat(model)}/{_stamp(now)}"


def sweep_folder(name: str | None, data: Iterable[str], now: datetime) -> str:
    return f"outputs/sweeps/{name or _flat('+'.join(data)) + '-' + _stamp(now)}"


def search_folder(name: str | None, data: str, model: str, space: str) -> str:
    """Below outputs/sweeps; without a time, so that the same line finds it again."""
    return name or "-".join(map(_flat, (data, model, space)))


def trial_folder(overrides: Iterable[str]) -> str:
    """The overrides that matter, in any order the same: model and seed, other names without a dot, then settings.

    8 hex digits tell apart those that a name does not show. What is swept is not asked: a later line may sweep more.
    """
    names = {each: each.partition("=")[0] for each in overrides}
    told = sorted(each for each, name in names.items() if matters(name))
    told.sort(key=lambda each: (names[each] not in _FIRST, "." in names[each]))
    said = ",".join(told)
    name = ",".join(_short(_flat(each)) for each in told)[:_LONGEST] or "default"
    return name if name == said or not said else f"{name}-{_digits(said)}"


def file_name(text: str) -> str:
    """A file's name for any text; 8 hex digits tell apart those that it does not show."""
    name = _flat(text.replace(" ", "-"))[:_LONGEST]
    return name if name == text.replace(" ", "-") else f"{name}-{_digits(text)}"


def _short(override: str) -> str:
    """Both ends of a long one: of a path the last name tells most."""
    return override if len(override) <= _LONG else f"{override[: _LONG - 18]}..{override[-16:]}"


def _flat(text: str) -> str:
    """One folder's name: no character in it that a path or a shell reads as something else."""
    return "".join(c if (c.isascii() and c.isalnum()) or c in "._=,+-[]" else "_" for c in text).lstrip(".") or "_"


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _stamp(now: datetime) -> str:
    return now.strftime("%Y-%m-%d_%H-%M-%S-%f")
