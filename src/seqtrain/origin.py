"""How `init_from` names the model that a training starts from: a folder, and which weights were there.

A config is stored with both, as in outputs/runs/a@sha256:0123456789abcdef, since a folder can come to hold others.
"""

from pathlib import Path
from typing import NamedTuple

_BETWEEN = "@sha256:"
_DIGITS = 16


class Origin(NamedTuple):
    """A run's folder, or a shared model's, and the first digits of its weights' SHA-256 where they are known."""

    folder: Path
    digits: str = ""

    @classmethod
    def read(cls, text: str) -> "Origin":
        folder, between, digits = text.rpartition(_BETWEEN)
        return cls(Path(folder), digits) if between else cls(Path(text))

    def written(self, sha256: str) -> str:
        """With the digits of a whole SHA-256."""
        return f"{self.folder}{_BETWEEN}{sha256[:_DIGITS]}"


def content(text: str) -> str:
    """What makes two origins the same: the weights, wherever they lie; the folder where they are not known."""
    origin = Origin.read(text)
    return origin.digits or text
