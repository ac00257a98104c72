"""Whether a split keeps apart what it has to: no group, and no equal sequences, on two sides."""

import logging
from itertools import combinations

import torch
from torch import Tensor

from seqtrain.errors import WrongInput
from seqtrain.loading.content import hold_the_same
from seqtrain.sequences import Sequences

_log = logging.getLogger("seqtrain")


def check_groups(sides: dict[str, Sequences]) -> None:
    """WrongInput where sequences of one group are on two sides."""
    seen: dict[str, tuple[str, str]] = {}
    for side, part in sides.items():
        for index, group in enumerate(part.groups or ()):
            other, own = seen.setdefault(group, (side, part.name(index)))
            if other != side:
                raise WrongInput(
                    f"the group {group!r} is on two sides of the split ({own}: {other}, {part.name(index)}: {side}): "
                    "move its sequences to one side, or go without groups"
                )


def check_content(sides: dict[str, Sequences], same: dict[str, Tensor], *, refuse: bool) -> None:
    """WrongInput, or a warning in the log, where two sides hold equal sequences.

    Args:
        same: (N,) int64 for each side, equal where two sequences are
        refuse: whether that is wrong
    """
    for (one, left), (two, right) in combinations(sides.items(), 2):
        both = torch.isin(same[two], same[one])
        if not both.any():
            continue
        j = int(both.nonzero()[0])
        i = int((same[one] == same[two][j]).nonzero()[0])
        if not hold_the_same(left, i, right, j):
            continue  # by a chance of one in 10^19 for each pair
        count = int(both.sum())
        found = (
            f"{left.name(i)} ({one}) and {right.name(j)} ({two}) hold the same {int(left.lengths[i]):,} steps; "
            f"so {count:,} of {len(right):,} {two} sequences {'is' if count == 1 else 'are'} in {one} too"
        )
        if refuse:
            raise WrongInput(f"{found}: take them out of one side, or set data.duplicates=warn to go on nevertheless")
        _log.warning("%s", found)
