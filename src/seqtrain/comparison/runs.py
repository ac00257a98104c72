"""The runs below some folders: what each was set to, how it ended and what it reached."""

import csv
import fcntl
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqtrain.errors import WrongInput
from seqtrain.flat import Value, leaves
from seqtrain.stored_config import read_stored_values

_CONFIG = Path(".hydra") / "config.yaml"


@dataclass(frozen=True)
class Run:
    """One run as its folder tells it."""

    folder: Path
    status: str  # completed, running, interrupted, failed, diverged, or unreadable
    cause: str  # why it did not complete; empty where that is not known
    settings: Mapping[str, Value]  # full names, null left out; a class under model._target_
    result: Mapping[str, Any]

    @property
    def metrics(self) -> dict[str, float]:
        return _numbers(self.result.get("metrics"))

    def option(self, group: str) -> str | None:
        """The option that chose a part, such as lstm the model; None where that is not known."""
        chosen = self.result.get("chosen")
        found = chosen.get(group) if isinstance(chosen, Mapping) else None
        return found if isinstance(found, str) else None

    @property
    def unfinished(self) -> bool:
        """Whether the same command would go on with it."""
        return self.status in ("running", "interrupted")

    def number(self, name: str) -> float | None:
        """A number of result.json, such as seconds or parameters."""
        return _numbers(self.result).get(name)


def find_runs(paths: Iterable[Path]) -> list[Path]:
    """The run folders among these folders and below them, each once. WrongInput: a path that holds none."""
    found: dict[Path, Path] = {}
    for path in paths:
        runs = sorted(_below(path))
        if not runs:
            raise WrongInput(f"{path} {'holds no run' if path.is_dir() else 'is no folder'}: name runs or sweeps")
        for run in runs:
            found.setdefault(run.resolve(), run)
    return list(found.values())


def is_run(path: Path) -> bool:
    return (path / _CONFIG).is_file() or (path / "result.json").is_file()


def read_run(folder: Path) -> Run:
    """A run, whatever state its folder is in."""
    result = _result(folder)
    status, cause = str(result.get("status", "running")), str(result.get("cause", ""))
    if status == "running" and not _locked(folder):  # killed: it had no time to say so
        status = "interrupted"
    try:
        settings = leaves(read_stored_values(folder / _CONFIG))
    except (WrongInput, OSError) as error:
        return Run(folder, "unreadable", str(error), {}, result)
    return Run(folder, status, cause.splitlines()[0] if cause else "", settings, result)


def read_curve(run: Run, name: str = "val/loss") -> dict[float, float]:
    """A column of metrics.csv by epoch; epochs without a finite number are left out."""
    points: dict[float, float] = {}
    try:
        with open(run.folder / "metrics.csv", newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                epoch, value = _number(row.get("epoch")), _number(row.get(name))
                if epoch is not None and value is not None:
                    points[epoch] = value
    except (OSError, csv.Error, UnicodeDecodeError):  # a curve that is not there is not drawn
        return {}
    return points


def _below(path: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(path):
        if "result.json" in files or (".hydra" in folders and is_run(Path(folder))):
            yield Path(folder)
            folders.clear()  # what a run holds is no run
        folders[:] = [each for each in folders if not each.startswith(".")]


def _result(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # not written yet, or cut short by a power failure
        return {}
    return content if isinstance(content, dict) else {}


def _locked(folder: Path) -> bool:
    """Whether a process trains there now. A shared lock asks, so that a folder one may only read is told too."""
    try:
        with open(folder / ".lock", "rb") as lock:
            fcntl.lockf(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _numbers(node: object) -> dict[str, float]:
    if not isinstance(node, Mapping):
        return {}
    return {str(k): float(v) for k, v in node.items() if isinstance(v, int | float) and not isinstance(v, bool)}


def _number(cell: str | None) -> float | None:
    try:
        number = float(cell or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
