"""Which sequences are set aside: a share of them, of every class alike, and whole groups where asked."""

from collections.abc import Sequence

import torch
from torch import Tensor

from seqtrain.errors import WrongInput
from seqtrain.randomness import generator


def carve(labels: Tensor, fraction: float, key: int, groups: Sequence[str] | None = None) -> tuple[Tensor, Tensor]:
    """Split N sequences into (rest, carved): two sorted int64 tensors of indices, no index in both.

    Without `groups` each class gives the nearest whole number to its share, and where it has two members or
    more keeps at least one on each side; a single member stays in the rest. With `groups` a group is never on
    both sides: groups are chosen so that each class gives about its share, and the rest keeps every class.
    The choice is a function of the arguments alone.

    Args:
        labels: (N,) int64 classes; all zeros where there are none
        fraction: the share to carve, 0 to 1; 0 carves nothing
        key: a random choice for each key
        groups: N names, such as the speakers of recordings

    Raises WrongInput where no group can be carved without emptying a class or the rest.
    """
    every = torch.arange(len(labels))
    if fraction <= 0:
        return every, every[:0]
    members = torch.unique(labels, return_inverse=True)[1]  # (N,) classes as 0, 1, 2, …
    carved = _by_class(members, fraction, key) if groups is None else _by_group(members, fraction, key, groups)
    return every[~carved], every[carved]


def _by_class(members: Tensor, fraction: float, key: int) -> Tensor:
    """(N,) bool: the first few of each class, in random order."""
    order = torch.randperm(len(members), generator=generator(key))
    order = order[members[order].argsort(stable=True)]  # class after class, in random order within each
    counts = torch.bincount(members)
    wanted = (counts * fraction).round().long().clamp(min=1)
    wanted = torch.minimum(wanted, counts - 1)
    rank = torch.arange(len(members)) - (counts.cumsum(0) - counts)[members[order]]
    carved = torch.zeros(len(members), dtype=torch.bool)
    carved[order] = rank < wanted[members[order]]
    return carved


def _by_group(members: Tensor, fraction: float, key: int, groups: Sequence[str]) -> Tensor:
    """(N,) bool: groups added one by one, always the one that brings every class nearest to its share."""
    names = sorted(set(groups))
    position = {name: index for index, name in enumerate(names)}
    group = torch.tensor([position[name] for name in groups])  # (N,)
    classes = int(members.max()) + 1
    counts = torch.bincount(group * classes + members, minlength=len(names) * classes).view(-1, classes)  # (G, C)
    counts = counts[order := torch.randperm(len(names), generator=generator(key))]
    missing = counts.sum(0) * fraction  # (C,) what each class still has to give
    left = counts.sum(0)
    chosen = torch.zeros(len(names), dtype=torch.bool)
    while True:
        allowed = ~chosen & (left - counts > 0).all(1)
        distance = (missing - counts).abs().sum(1).masked_fill(~allowed, torch.inf)
        best = int(distance.argmin())
        if not allowed[best] or (chosen.any() and distance[best] >= missing.abs().sum()):
            break
        chosen[best] = True
        missing, left = missing - counts[best], left - counts[best]
    if not chosen.any():
        raise WrongInput(
            f"none of {len(names)} groups can be set aside without leaving a class or the whole set empty: "
            "group by something finer, or give a split of your own"
        )
    return chosen[order.argsort()][group]
