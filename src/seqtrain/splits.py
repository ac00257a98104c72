"""Which sequences are set aside: a share of them, of every class alike, and whole groups where asked."""

from collections.abc import Sequence

import torch
from torch import Tensor

from seqtrain.errors import WrongInput
from seqtrain.randomness import generator

_CONSIDERED = 1000  # groups that are compared at a time


def carve(
    labels: Tensor, fraction: float, key: int, groups: Sequence[str] | None = None, same: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Split N sequences into (rest, carved): two sorted int64 tensors of indices, no index in both.

    Without `groups` each class gives the nearest whole number to its share, and where it has two members or
    more keeps at least one on each side; a single member stays in the rest. With `groups` a group is never on
    both sides: groups are chosen so that each class gives about its share, and the rest keeps every class.
    Members that are the `same` are never on both sides, and stay in the rest where they are of several classes.
    The choice is a function of the arguments alone.

    Args:
        labels: (N,) int64 classes; all zeros where there are none
        fraction: the share to carve, 0 to 1; 0 carves nothing
        key: a random choice for each key
        groups: N names, such as the speakers of recordings
        same: (N,) int64, equal where two sequences are, as `loading.content.marks` tells

    Raises WrongInput where no group can be carved without emptying a class or the rest.
    """
    every = torch.arange(len(labels))
    if fraction <= 0:
        return every, every[:0]
    members = torch.unique(labels, return_inverse=True)[1]  # (N,) classes as 0, 1, 2, …
    blocks = blocks_of(len(labels), groups, same)
    carved = (_by_class if groups is None else _by_group)(members, fraction, key, blocks)
    return every[~carved], every[carved]


def blocks_of(count: int, groups: Sequence[str] | None, same: Tensor | None) -> Tensor:
    """(N,) int64: 0, 1, 2, … for what has to stay together: of one group, the same, or tied by others to be so."""
    if groups is None:
        blocks = torch.arange(count)
    else:
        position = {name: index for index, name in enumerate(sorted(set(groups)))}
        blocks = torch.tensor([position[name] for name in groups])
    if same is None:
        return blocks
    contents, content = torch.unique(same, return_inverse=True)
    if len(contents) == count:
        return blocks
    lowest = blocks
    while True:  # each takes the lowest number of those that it is the same as, and its group takes that
        before, lowest = lowest, _least(_least(lowest, content)[content], blocks)[blocks]
        if torch.equal(before, lowest):
            break
    numbered: Tensor = torch.unique(lowest, return_inverse=True)[1]
    return numbered


def of_one_class(members: Tensor, blocks: Tensor) -> Tensor:
    """(K,) bool: whether each of K blocks holds members of one class only."""
    return _least(members, blocks) == -_least(-members, blocks)


def _least(values: Tensor, of: Tensor) -> Tensor:
    """The least of the values (N,) that belong to 0, 1, 2, … as `of` (N,) says."""
    start = torch.full((int(of.max()) + 1,), torch.iinfo(torch.int64).max)
    least: Tensor = start.scatter_reduce_(0, of, values, "amin")
    return least


def _by_class(members: Tensor, fraction: float, key: int, blocks: Tensor) -> Tensor:
    """(N,) bool: the first few blocks of each class, in random order."""
    sizes = torch.bincount(blocks)
    classes = _least(members, blocks)  # (K,) of each block
    counts = torch.bincount(members)
    wanted = torch.minimum((counts * fraction).round().long().clamp(min=1), counts - 1)
    order = torch.randperm(len(sizes), generator=generator(key))
    order = order[of_one_class(members, blocks)[order]]
    too_large = (sizes - 2 * wanted[classes]).clamp(min=0)
    order = order[too_large[order].argsort(stable=True)]
    order = order[classes[order].argsort(stable=True)]  # class after class, in random order within each
    sizes, classes = sizes[order], classes[order]
    of_class = torch.bincount(classes, minlength=len(counts))
    first = of_class.cumsum(0) - of_class
    before = sizes.cumsum(0) - sizes
    before = before - before[first[classes]] if len(before) else before  # members of the class that come earlier
    chosen = 2 * before + sizes <= 2 * wanted[classes]
    chosen |= before == 0  # the first, so that no class gives nothing
    chosen[(first + of_class - 1)[of_class > 0]] = False  # the last, so that none gives all
    carved = torch.zeros(len(blocks), dtype=torch.bool)  # of each block, and there are at most so many
    carved[order[chosen]] = True
    return carved[blocks]


def _by_group(members: Tensor, fraction: float, key: int, blocks: Tensor) -> Tensor:
    """(N,) bool: blocks added one by one, always the one that brings every class nearest to its share.

    Of many, the first so many in random order are compared at a time.
    """
    classes, count = int(members.max()) + 1, int(blocks.max()) + 1
    counts = torch.bincount(blocks * classes + members, minlength=count * classes).view(-1, classes)  # (K, C)
    waiting = torch.randperm(count, generator=generator(key))
    left = counts.sum(0)
    missing = left * fraction  # (C,) what each class still has to give
    chosen = torch.zeros(count, dtype=torch.bool)
    while len(waiting):
        gives = counts[waiting[:_CONSIDERED]]
        allowed = (left - gives > 0).all(1)
        distance = (missing - gives).abs().sum(1).masked_fill(~allowed, torch.inf)
        best = int(distance.argmin())
        if not allowed[best] or (chosen.any() and distance[best] >= missing.abs().sum()):
            break
        chosen[waiting[best]] = True
        missing, left = missing - gives[best], left - gives[best]
        waiting = torch.cat([waiting[:best], waiting[best + 1 :]])
    if not chosen.any():
        raise WrongInput(
            f"none of {count} groups can be set aside without leaving a class or the whole set empty: "
            "group by something finer, or give a split of your own"
        )
    return chosen[blocks]
