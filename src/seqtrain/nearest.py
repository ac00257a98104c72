"""Words for messages: the valid name that a wrong one was probably meant to be, a list, a value."""

import json
from collections.abc import Iterable
from difflib import get_close_matches

from seqtrain.errors import WrongInput


def did_you_mean(wrong: str, names: Iterable[str]) -> str:
    """`: did you mean hidden?`, or nothing where no name is near."""
    spelt = {name.lower(): name for name in names}
    near = get_close_matches(wrong.lower(), list(spelt), n=1, cutoff=0.5)
    return f": did you mean {spelt[near[0]]}?" if near else ""


def listed(names: Iterable[str], most: int = 16) -> str:
    """`adam, sgd, …`: some names for a message of one line."""
    names = list(names)
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def unknown(key: str, owner: str, name: str, known: Iterable[str]) -> WrongInput:
    """The error for a setting `name`, of which `key` is the last part, that nothing reads."""
    known = list(known)
    has = f"(it has {listed(known)})" if known else "(it has none)"
    return WrongInput(f"{name} is no setting of {owner}{did_you_mean(key, known)} {has}")


def shown(value: object) -> str:
    """A value as YAML has it, cut where it is long."""
    if value is None or isinstance(value, bool):
        text = json.dumps(value)
    else:
        text = value if isinstance(value, str) and value else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
