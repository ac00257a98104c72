"""What the references of a stored config may say, and how far they may grow when they are resolved.

`${a.b}` stands for another key, and so may grow as YAML's aliases do: twenty lines, each of which names the
next one twice, become a million values. `${oc.env:NAME}` stands for a variable of the environment.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from seqtrain.errors import WrongInput
from seqtrain.nearest import shown

_KEY = re.compile(r"\$\{\s*([\w.\[\]]+)\s*\}")  # dots in front: from where it stands upwards
_ENVIRONMENT = re.compile(r"\$\{\s*oc\.env\s*:[^${}]*\}")
_RESOLVER = re.compile(r"\$\{\s*([\w.]+)\s*:")
_DEEPEST = 48  # containers and references, one in the other
_COST = 64  # of a reference, in characters: OmegaConf takes a tenth of a millisecond for each


class _Grown(NamedTuple):
    size: int
    height: int


def check_text(text: str, place: str) -> None:
    """WrongInput: a scalar refers to anything but keys of the same config and variables of the environment."""
    if "${" not in text:
        return
    left = _ENVIRONMENT.sub("", _KEY.sub("", text))
    left = _ENVIRONMENT.sub("", left)  # one whose default was a reference
    if "${" in left:
        named = _RESOLVER.search(left)
        told = f"the resolver {named[1]}" if named else shown(left)
        raise WrongInput(f"{place} uses {told}: only ${{oc.env:NAME}} and other keys are read")


def check_growth(values: Mapping[Any, Any], most: int, place: str) -> None:
    """Add up what a config becomes, without resolving it.

    Args:
        values: the config as plain values, unresolved.
        most: characters that it may become.
        place: the file, for messages.

    Raises WrongInput where it becomes more, or a reference leads to itself.
    """
    _Growth(values, most, place).of((), 0)


class _Growth:
    def __init__(self, root: Mapping[Any, Any], most: int, place: str) -> None:
        self._root, self._most, self._place = root, most, place
        self._known: dict[tuple[str, ...], _Grown] = {}

    def of(self, key: tuple[str, ...], depth: int) -> _Grown:
        """What the value of a key becomes; the height counts what is inside of each other in it."""
        if key not in self._known:
            if depth > _DEEPEST:
                raise WrongInput(f"{self._place}: {'.'.join(key)} refers to itself, or is nested too deeply")
            parts = [self.of(each, depth + 1) for each in self._below(key)]
            size = 1 + sum(part.size for part in parts) + self._own(key)
            height = 1 + max((part.height for part in parts), default=0)
            if size > self._most or height > _DEEPEST:
                raise WrongInput(f"{self._place}: the references of {'.'.join(key) or 'it'} grow beyond any config")
            self._known[key] = _Grown(size, height)
        return self._known[key]

    def _own(self, key: tuple[str, ...]) -> int:
        value = _at(self._root, key)
        return len(str(value)) + _COST * value.count("${") if isinstance(value, str) else 8

    def _below(self, key: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        value = _at(self._root, key)
        if isinstance(value, Mapping):
            yield from ((*key, str(name)) for name in value)
        elif isinstance(value, list):
            yield from ((*key, str(place)) for place in range(len(value)))
        elif isinstance(value, str):
            yield from (_target(name, key) for name in _KEY.findall(value))


def _target(name: str, key: tuple[str, ...]) -> tuple[str, ...]:
    """The key that a reference at `key` names: from the root, or from the container it is in."""
    rest = name.lstrip(".")
    dots = len(name) - len(rest)
    parts = tuple(part for part in re.split(r"[.\[\]]+", rest) if part)
    return (*key[: max(len(key) - dots, 0)], *parts) if dots else parts


def _at(root: Any, key: tuple[str, ...]) -> Any:
    """The value of a key; None where there is none."""
    node = root
    for part in key:
        if isinstance(node, Mapping):
            node = node.get(part, node.get(_plain(part)))
        elif isinstance(node, list) and part.isdecimal() and int(part) < len(node):
            node = node[int(part)]
        else:
            return None
    return node


def _plain(part: str) -> object:
    """A key that YAML reads as a number or a truth value."""
    words: dict[str, object] = {"True": True, "False": False, "None": None}
    return words[part] if part in words else int(part) if part.isdecimal() and len(part) < 20 else part
