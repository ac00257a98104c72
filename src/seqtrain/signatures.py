"""What settings a class has, in words, and whether a value is one of those that its constructor allows."""

import contextlib
import inspect
import json
import re
import types
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Len, Lt, MinLen
from pydantic import ConfigDict, TypeAdapter, ValidationError

from seqtrain.errors import WrongInput
from seqtrain.nearest import shown

REQUIRED = inspect.Parameter.empty
_STRICT = ConfigDict(strict=True, allow_inf_nan=False, arbitrary_types_allowed=True)
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_WORDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    Path: "a path",
    type(None): "null",
    dict: "a mapping",
}
_SIGNS = {Ge: "at least", Gt: "more than", Le: "at most", Lt: "less than"}


@dataclass(frozen=True)
class Setting:
    """One parameter of a constructor."""

    name: str
    annotation: Any  # Any where the signature says nothing
    default: object  # REQUIRED where there is none
    meaning: str = ""

    @property
    def allowed(self) -> str:
        return describe(self.annotation)

    def check(self, value: object, name: str) -> object:
        """The value as the constructor takes it. WrongInput: not allowed; the message calls it `name`."""
        try:
            return self._checked(value)
        except (ValidationError, TypeError, ValueError) as error:
            instead = f"; write {name}=[{value}]" if self._allows_in_a_list(value) else ""
            raise WrongInput(f"{name} is {shown(value)}: must be {self.allowed}{instead}") from error

    def _checked(self, value: object) -> object:
        text = json.dumps(_spelled(value, self.annotation))
        return _adapter(self.annotation).validate_json(text)

    def _allows_in_a_list(self, value: object) -> bool:
        if not re.fullmatch(r"[\w.+-]{1,60}", str(value)):  # what has to be quoted is not suggested
            return False
        try:
            self._checked([value])
        except (ValidationError, TypeError, ValueError):
            return False
        return True


@cache
def settings_of(cls: type) -> Mapping[str, Setting]:
    """The named parameters of a constructor, in order."""
    if cls.__init__ is object.__init__:  # type: ignore[misc]
        return {}
    hints = _hints(cls)
    said = meanings(inspect.getdoc(cls) or "")
    return {
        name: Setting(name, hints.get(name, Any), parameter.default, said.get(name, ""))
        for name, parameter in inspect.signature(cls).parameters.items()
        if parameter.kind in _NAMED
    }


def describe(annotation: Any) -> str:
    """`a whole number, at least 1, or null`."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _ranged(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(describe(member) for member in get_args(annotation))
    if origin is Literal:
        return "one of " + ", ".join(map(str, get_args(annotation)))
    if origin in (list, tuple):
        inner = [describe(member) for member in get_args(annotation) if member is not Ellipsis]
        return "a list, each " + " then ".join(dict.fromkeys(inner))
    if annotation is Any:
        return "anything"
    return _WORDS.get(origin or annotation, f"a {getattr(annotation, '__name__', annotation)}")


def _ranged(annotation: Any) -> str:
    base, *marks = get_args(annotation)
    limits = [
        f"{sign} {getattr(mark, kind.__name__.lower())}"
        for mark in marks
        for kind, sign in _SIGNS.items()
        if isinstance(mark, kind)
    ]
    for mark in marks:
        if isinstance(mark, Len) and mark.min_length == mark.max_length:
            limits.append(f"{mark.min_length} of them")
        elif isinstance(mark, MinLen | Len) and mark.min_length:
            limits.append(f"at least {mark.min_length} of them")
    return ", ".join([describe(base), *([" and ".join(limits)] if limits else [])])


def _spelled(value: object, annotation: Any) -> object:
    """Numbers that spell one of a choice of words are taken as that word: YAML reads precision=32 as 32."""
    if get_origin(annotation) is Literal and type(value) is int and str(value) in get_args(annotation):
        return str(value)
    return value


@cache
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    # A config is data: checked as JSON, which is strict about types and has lists for tuples, text for paths.
    return TypeAdapter(annotation, config=_STRICT)


def _hints(cls: type) -> dict[str, Any]:
    constructor: Any = cls.__init__  # type: ignore[misc]
    try:
        return get_type_hints(constructor, include_extras=True)
    except NameError:  # a type imported for checkers only: its parameter alone is not checked
        hints: dict[str, Any] = {}
        for name, annotation in getattr(constructor, "__annotations__", {}).items():
            alone = types.SimpleNamespace(__annotations__={name: annotation})
            with contextlib.suppress(NameError):
                names = getattr(constructor, "__globals__", {})
                hints |= get_type_hints(alone, globalns=names, include_extras=True)
        return hints


def meanings(doc: str) -> dict[str, str]:
    """The lines of a docstring's `Args:` block, by parameter."""
    _, _, block = doc.partition("Args:\n")
    found: dict[str, str] = {}
    name = ""
    for line in block.splitlines():
        start = re.match(r" {4}(\w+)(?: \([^)]*\))?: (.*)", line)
        if start:
            name = start[1]
            found[name] = start[2]
        elif line.startswith("     ") and name:
            found[name] += " " + line.strip()
        elif line.strip():
            break
    return found
