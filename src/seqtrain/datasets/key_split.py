"""Which drawings are for training, validation and testing: as their key_id says, or chosen by the seed."""

import re

import torch
from torch import Tensor

from seqtrain.datasets.drawings import Drawing
from seqtrain.errors import WrongInput
from seqtrain.randomness import mix
from seqtrain.splits import carve

Parts = tuple[list[Drawing], list[Drawing], list[Drawing]]  # train, val, test
_TRAIN, _VAL, _TEST = 0, 1, 2


class KeySplit:
    """How drawings are divided; `QuickDraw` says what the settings mean.

    Raises WrongInput where a pattern is no regular expression, or has not the one group that it needs.
    """

    def __init__(
        self, *, val: str | None, test: str | None, group: str | None, test_fraction: float, val_groups: float
    ) -> None:
        self.val = _compiled("val", val)
        self.test = _compiled("test", test)
        self.group = _compiled("group", group)
        if self.group is not None and self.group.groups != 1:
            raise WrongInput(
                f"group is {group!r} with {self.group.groups} groups: put (…) around the one part that counts"
            )
        self.test_fraction = test_fraction
        self.val_groups = val_groups

    @property
    def by_key(self) -> bool:
        return (self.val or self.test or self.group) is not None

    def divide(self, drawings: list[Drawing], labels: Tensor, seed: int) -> Parts:
        """Three lists of the drawings, whose classes are `labels` (N,)."""
        keys = _keys(drawings) if self.by_key else []
        sides = torch.full((len(drawings),), _TRAIN)
        for side, setting, expression in ((_VAL, "val", self.val), (_TEST, "test", self.test)):
            if expression is not None:
                matches = torch.tensor([expression.search(key) is not None for key in keys])
                if not matches.any():
                    raise WrongInput(f"{setting} is {expression.pattern!r}, which matches no key_id, as {keys[0]!r}")
                if (matches & (sides != _TRAIN)).any():
                    raise WrongInput(
                        f"val and test both match the key_id {_first(keys, matches & (sides != _TRAIN))!r}"
                    )
                sides[matches] = side
        groups = _groups(keys, self.group) if self.group is not None else None
        if self.test is None:
            _carve(sides, _TEST, labels, groups, self.test_fraction, seed)
        if self.val is None and groups is not None:
            _carve(sides, _VAL, labels, groups, self.val_groups, seed)
        untrained = ~torch.isin(labels, labels[sides == _TRAIN])
        if untrained.any():
            drawing = drawings[int(untrained.nonzero()[0])]
            raise WrongInput(f"no drawing of {drawing.label!r} is left to train on: change val or test")
        train, val, test = ([drawings[i] for i in (sides == side).nonzero()] for side in (_TRAIN, _VAL, _TEST))
        return train, val, test


def _compiled(setting: str, expression: str | None) -> re.Pattern[str] | None:
    try:
        return None if expression is None else re.compile(expression)
    except re.error as error:
        raise WrongInput(f"{setting} is {expression!r}, no regular expression ({error})") from None


def _keys(drawings: list[Drawing]) -> list[str]:
    keyless = next((drawing for drawing in drawings if drawing.key is None), None)
    if keyless is not None:
        raise WrongInput(f"{keyless.name} has no key_id, which val, test and group look at: set them to null")
    return [drawing.key or "" for drawing in drawings]


def _groups(keys: list[str], expression: re.Pattern[str]) -> list[str]:
    found = [expression.search(key) for key in keys]
    missing = torch.tensor([match is None or not match[1] for match in found])
    if missing.any():
        raise WrongInput(
            f"group is {expression.pattern!r}, which finds nothing in the key_id {_first(keys, missing)!r}"
        )
    return [match[1] for match in found if match is not None]


def _first(keys: list[str], which: Tensor) -> str:
    return keys[int(which.nonzero()[0])]


def _carve(sides: Tensor, side: int, labels: Tensor, groups: list[str] | None, fraction: float, seed: int) -> None:
    """Puts a share of those that are still for training on another side."""
    free = (sides == _TRAIN).nonzero()[:, 0]
    some = [groups[i] for i in free] if groups is not None else None
    _, carved = carve(labels[free], fraction, mix(seed, side), some)
    sides[free[carved]] = side
