"""Which fold each sequence belongs to, for cross-validation: the same whatever the run's seed is."""

from collections.abc import Sequence

import torch
from torch import Tensor

from seqtrain.errors import WrongInput
from seqtrain.randomness import generator
from seqtrain.splits import blocks_of, of_one_class

_FOLDS = 108  # keeps the key of folds apart from others; it is all of the key


def fold_of(labels: Tensor, folds: int, groups: Sequence[str] | None = None, same: Tensor | None = None) -> Tensor:
    """(N,) int64: the fold, from 0, of each of N sequences; every class is spread over them as evenly as can be.

    What is of one group, or the same, is in one fold. Groups of several classes are placed one by one, the largest
    first, where they level the classes best; what is of one class is dealt out class by class. Without groups the
    members of a class in two folds differ by one at most. It is a function of the arguments alone.

    Args:
        labels: (N,) int64 classes; all zeros where there are none
        groups: N names, such as the speakers of recordings
        same: (N,) int64, equal where two sequences are

    Raises WrongInput where there are fewer groups (or different sequences) than folds.
    """
    members = torch.unique(labels, return_inverse=True)[1]  # (N,) classes as 0, 1, 2, …
    blocks = blocks_of(len(labels), groups, same)
    sizes = torch.bincount(blocks)
    if len(sizes) < folds:
        raise WrongInput(
            f"folds is {folds} but there are {len(sizes)} {'different sequences' if groups is None else 'groups'} "
            f"among {len(labels)} sequences: lower data.folds"
        )
    order = torch.randperm(len(sizes), generator=generator(_FOLDS))
    order = order[sizes[order].argsort(descending=True, stable=True)]
    pure = of_one_class(members, blocks)[order]
    fold = torch.zeros_like(sizes)
    held = torch.zeros(folds, int(members.max()) + 1, dtype=torch.int64)  # (folds, C) what each has of each class
    _place(order[~pure], blocks, members, fold, held)
    _deal(order[pure], blocks, members, sizes, fold, held)
    return fold[blocks]


def _place(order: Tensor, blocks: Tensor, members: Tensor, fold: Tensor, held: Tensor) -> None:
    """Put one block after another where the squares of the folds' shares of each class grow least."""
    if not len(order):
        return
    classes = held.shape[1]
    row = torch.full((len(fold),), -1)
    row[order] = torch.arange(len(order))
    which = row[blocks] >= 0
    counts = torch.bincount(row[blocks][which] * classes + members[which], minlength=len(order) * classes)
    totals = torch.bincount(members).double().square()
    for block, gives in zip(order.tolist(), counts.view(-1, classes), strict=True):
        growth = (held * (gives / totals)).sum(1)
        best = int(growth.argmin())
        fold[block] = best
        held[best] += gives


def _deal(order: Tensor, blocks: Tensor, members: Tensor, sizes: Tensor, fold: Tensor, held: Tensor) -> None:
    """Deal the blocks of each class out to the folds, there and back, beginning so that what is over levels them."""
    folds = len(held)
    classes = torch.zeros_like(sizes).scatter_(0, blocks, members)  # (K,) of each block
    order = order[classes[order].argsort(stable=True)]
    for some in torch.split(order, torch.bincount(classes[order], minlength=held.shape[1]).tolist()):
        if not len(some):
            continue
        label = int(classes[some[0]])
        # The last round, which may be short, goes from those that hold least.
        least = sorted(range(folds), key=lambda each: (int(held[each, label]), int(held[each].sum())))
        place = torch.arange(len(some))
        rounds, place = place // folds, place % folds
        back = (rounds[-1] - rounds) % 2 == 1
        dealt = torch.tensor(least)[torch.where(back, folds - 1 - place, place)]
        fold[some] = dealt
        held[:, label] += torch.bincount(dealt, sizes[some].double(), minlength=folds).long()
