"""What is searched: settings by name, each a whole number, a number or one of some values, read from YAML."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from omegaconf import OmegaConf

from seqtrain.errors import WrongInput
from seqtrain.identity import matters
from seqtrain.nearest import did_you_mean, listed, shown, unknown
from seqtrain.stored_config import checked_config

if TYPE_CHECKING:
    from optuna.trial import Trial

_KINDS: dict[str, tuple[str, ...]] = {"int": ("range", "log"), "float": ("range", "log"), "choice": ("values",)}
_DIGITS = 4  # significant ones of a number: more than any result can tell apart, and short enough to type


@dataclass(frozen=True)
class Searched:
    """A setting that is searched.

    Args:
        name: of the setting or the group, as on the command line.
        kind: whole numbers, numbers, or some values.
        values: the lowest and the highest, or all of them.
        log: whether the logarithm is drawn evenly.
    """

    name: str
    kind: Literal["int", "float", "choice"]
    values: tuple[Any, ...]
    log: bool = False

    def draw(self, trial: "Trial") -> Any:
        """What Optuna draws for a trial, the same whenever it is asked. A choice is its text: Optuna keeps no lists."""
        if self.kind == "choice":
            return trial.suggest_categorical(self.name, [self.text(each) for each in self.values])
        low, high = self.values
        suggest = trial.suggest_int if self.kind == "int" else trial.suggest_float
        return suggest(self.name, low, high, log=self.log)

    def drawn(self, value: Any) -> str:
        """The text, as on the command line, of what Optuna drew."""
        return str(value) if self.kind == "choice" else self.text(value)

    def text(self, value: Any) -> str:
        """A value as on the command line."""
        if self.kind == "float":
            low, high = self.values
            return repr(min(max(float(f"{value:.{_DIGITS}g}"), low), high))
        if isinstance(value, str) and value.isidentifier() and value not in ("true", "false", "null"):
            return value
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    def told(self) -> str:
        """The range or the values in words."""
        if self.kind == "choice":
            return ", ".join(map(self.text, self.values))
        low, high = map(self.text, self.values)
        return f"{low} to {high}" + (", drawn on a logarithm" if self.log else "")


Space = Mapping[str, Searched]


def read_space(path: Path) -> Space:
    """The settings that a file names. WrongInput: it is no mapping of settings, or one of them makes no sense."""
    text = path.read_text(encoding="utf-8")
    node = OmegaConf.to_container(checked_config(text, path), resolve=False) if text.strip() else None
    if not isinstance(node, dict) or not node:
        raise WrongInput(f"{path} names no setting to search, as model.hidden: {{kind: int, range: [16, 256]}}")
    return {str(name): _searched(str(name), said, path) for name, said in node.items()}


def _searched(name: str, said: Any, path: Path) -> Searched:
    place = f"{path}: {name}"
    if not re.fullmatch(r"[A-Za-z_][\w./@]*", name):
        raise WrongInput(f"{place} is no name of a setting, as model.hidden is")
    if not matters(name) or name.partition(".")[0] == "checkpoint" or name == "data.val_fraction":
        raise WrongInput(f"{place} does not change how good a model is, or says what good means: leave it out")
    if not isinstance(said, dict) or "kind" not in said:
        raise WrongInput(f"{place} is {shown(said)}: it must be as {{kind: float, range: [0.001, 0.1], log: true}}")
    kind = said["kind"]
    if kind not in _KINDS:
        raise WrongInput(
            f"{place}: kind is {shown(kind)}{did_you_mean(str(kind), _KINDS)} (there are {listed(_KINDS)})"
        )
    for key in said:
        if key not in ("kind", *_KINDS[kind]):
            raise unknown(str(key), f"kind {kind}", f"{place}.{key}", _KINDS[kind])
    if kind == "choice":
        return Searched(name, kind, _choices(said.get("values"), place))
    log = said.get("log", False)
    if not isinstance(log, bool):
        raise WrongInput(f"{place}: log is {shown(log)}: it must be true or false")
    return Searched(name, kind, _range(said.get("range"), kind, log, place), log)


def _choices(values: Any, place: str) -> tuple[Any, ...]:
    if not isinstance(values, list) or len(values) < 2:
        raise WrongInput(f"{place}: values is {shown(values)}: it must be a list of two or more, as [16, 32, 64]")
    texts = [json.dumps(each) for each in values]
    for value, text in zip(values, texts, strict=True):
        if isinstance(value, dict):
            raise WrongInput(f"{place}: values has {shown(value)}: a value is a number, a word, true, false or a list")
        if texts.count(text) > 1:
            raise WrongInput(f"{place}: values has {shown(value)} twice: leave one out")
    return tuple(values)


def _range(ends: Any, kind: str, log: bool, place: str) -> tuple[Any, ...]:
    numbers = (int,) if kind == "int" else (int, float)
    if not isinstance(ends, list) or len(ends) != 2 or any(type(each) not in numbers for each in ends):
        what = "two whole numbers" if kind == "int" else "two numbers"
        raise WrongInput(f"{place}: range is {shown(ends)}: it must be {what}, the lowest and the highest")
    low, high = ends if kind == "int" else map(float, ends)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise WrongInput(f"{place}: range is {shown(ends)}: the first must be below the second, and both finite")
    if log and low <= 0:
        raise WrongInput(f"{place}: range begins at {low}, which has no logarithm: leave log out, or begin above 0")
    return low, high
