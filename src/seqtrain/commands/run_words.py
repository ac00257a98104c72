"""What was typed behind a command that works on a run: `RUN [files] [key=value …] [--trust PACKAGE]`."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar, cast

import yaml

from seqtrain.build import check_settings
from seqtrain.errors import WrongInput
from seqtrain.nearest import unknown
from seqtrain.signatures import settings_of
from seqtrain.trust import trust

Settings = TypeVar("Settings")


def read_words(typed: Sequence[str], kind: type[Settings], command: str) -> tuple[list[str], Settings]:
    """The words that are no settings, and the settings as an object of `kind`, checked against its constructor.

    A word is a setting where a name stands before its first `=`, unless there is a file of that name.
    Raises WrongInput for a setting or flag that there is not, or a value that is not allowed.
    """
    words: list[str] = []
    said: dict[str, object] = {}
    left = iter(typed)
    known = settings_of(cast(type, kind))
    for word in left:
        key, equals, value = word.partition("=")
        if key == "--trust":
            _trust(value if equals else next(left, ""))
        elif word.startswith("--"):
            raise WrongInput(f"{key} is no flag of seqtrain {command}: there are --help and --trust PACKAGE")
        elif not equals or not re.fullmatch(r"[A-Za-z_][\w.]*", key) or (key not in known and Path(word).exists()):
            words.append(word)
        elif key not in known:
            raise unknown(key, f"seqtrain {command}", key, known)
        else:
            said[key] = value if known[key].annotation in (str, str | None) and value != "null" else _value(value)
    return words, kind(**check_settings(cast(type, kind), said))


def _value(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _trust(package: str) -> None:
    trust(package)
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # last, so that nothing here hides an installed module
