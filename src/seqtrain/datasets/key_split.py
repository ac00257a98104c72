"""Which drawings are for training, validation and testing, and which go together, as their key_id says."""

import re
from collections.abc import Sequence

import torch
from torch import Tensor

from seqtrain.errors import WrongInput

TRAIN, VAL, TEST = 0, 1, 2


class KeySplit:
    """How drawings are divided; `QuickDraw` says what the settings mean.

    Raises WrongInput where a pattern is no regular expression, or has not the one group that it needs.
    """

    def __init__(self, *, val: str | None, test: str | None, group: str | None) -> None:
        self.val = _compiled("val", val)
        self.test = _compiled("test", test)
        self.group = _compiled("group", group)
        if self.group is not None and self.group.groups != 1:
            raise WrongInput(
                f"group is {group!r} with {self.group.groups} groups: put (…) around the one part that counts"
            )

    @property
    def by_key(self) -> bool:
        return (self.val or self.test or self.group) is not None

    def sides(self, keys: Sequence[str], labels: Tensor, *, names: Sequence[str], classes: Sequence[str]) -> Tensor:
        """(N,) int64: VAL or TEST for drawings whose key matches, TRAIN for the others; a key is empty where none is.

        Args:
            labels: (N,) int64 indices of `classes`
            names: what a message calls each drawing
        """
        keys = _present(keys, names) if self.by_key else []
        sides = torch.full_like(labels, TRAIN)
        for side, setting, expression in ((VAL, "val", self.val), (TEST, "test", self.test)):
            if expression is not None:
                matches = torch.tensor([expression.search(key) is not None for key in keys])
                if not matches.any():
                    raise WrongInput(f"{setting} is {expression.pattern!r}, which matches no key_id, as {keys[0]!r}")
                if (matches & (sides != TRAIN)).any():
                    raise WrongInput(f"val and test both match the key_id {_first(keys, matches & (sides != TRAIN))!r}")
                sides[matches] = side
        untrained = ~torch.isin(labels, labels[sides == TRAIN])
        if untrained.any():
            label = classes[int(labels[untrained][0])]
            raise WrongInput(f"no drawing of {label!r} is left to train on: change val or test")
        return sides

    def groups(self, keys: Sequence[str], *, names: Sequence[str]) -> list[str] | None:
        """The group of each drawing, where there are any."""
        return _groups(_present(keys, names), self.group) if self.group is not None else None


def _compiled(setting: str, expression: str | None) -> re.Pattern[str] | None:
    try:
        return None if expression is None else re.compile(expression)
    except re.error as error:
        raise WrongInput(f"{setting} is {expression!r}, no regular expression ({error})") from None


def _present(keys: Sequence[str], names: Sequence[str]) -> list[str]:
    present = list(keys)
    if "" in present:
        name = names[present.index("")]
        raise WrongInput(f"{name} has no key_id, which val, test and group look at: set them to null")
    return present


def _groups(keys: Sequence[str], expression: re.Pattern[str]) -> list[str]:
    found = [expression.search(key) for key in keys]
    missing = torch.tensor([match is None or not match[1] for match in found])
    if missing.any():
        raise WrongInput(
            f"group is {expression.pattern!r}, which finds nothing in the key_id {_first(keys, missing)!r}"
        )
    return [match[1] for match in found if match is not None]


def _first(keys: Sequence[str], which: Tensor) -> str:
    return keys[int(which.nonzero()[0])]
