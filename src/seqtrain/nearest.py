"""The valid name that a wrong one was probably meant to be."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(wrong: str, names: Iterable[str]) -> str:
    """`: did you mean hidden?`, or nothing where no name is near."""
    near = get_close_matches(wrong, list(names), n=1, cutoff=0.5)
    return f": did you mean {near[0]}?" if near else ""


def listed(names: Iterable[str], most: int = 16) -> str:
    """`adam, sgd, …`: some names for a message of one line."""
    names = list(names)
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
