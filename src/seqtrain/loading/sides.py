"""Which sequences are trained, validated and tested on: as the data says, carved by the seed, or a fold."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seqtrain.errors import WrongInput
from seqtrain.loading.content import marks
from seqtrain.loading.folds import fold_of
from seqtrain.loading.join import join
from seqtrain.loading.leaks import check_content, check_groups
from seqtrain.loading.settings import Loading
from seqtrain.randomness import mix
from seqtrain.sequences import Sequences, Sets
from seqtrain.splits import carve

_VAL, _TEST = 104, 109  # keep the keys of carved sets apart from the other uses of the seed
_log = logging.getLogger("seqtrain")


@dataclass(frozen=True)
class Part:
    """Some sequences, and a number of each that is equal where two hold the same steps."""

    sequences: Sequences
    same: Tensor  # (N,) int64

    def select(self, indices: Tensor) -> "Part":
        return Part(self.sequences.select(indices), self.same[indices])


def divide(sets: Sets, loading: Loading, *, seed: int) -> tuple[Sequences, Sequences | None, Sequences | None]:
    """The sequences to train, validate and test on. What seqtrain splits keeps equal sequences and groups together.

    Raises WrongInput where a part would be empty, where a group or equal sequences are on two sides of a split that
    the data brings, or where a class is in the test fold only.
    """
    if loading.fold is not None and loading.folds is not None:
        train, test = _fold(sets, loading.fold, loading.folds)
        parts = {"test": test}
    else:
        every = {"train": sets.train, "val": sets.val, "test": sets.test}
        given = {name: part for name, part in every.items() if part is not None}
        check_groups(given)
        parts = {
            name: Part(part, torch.arange(len(part)) if sets.ordered else marks(part)) for name, part in given.items()
        }
        train = parts.pop("train")
        if "test" not in parts and sets.test_fraction > 0:
            train, parts["test"] = _carved("test", train, sets, loading, sets.test_fraction, mix(seed, _TEST))
    if "val" not in parts and loading.val_fraction > 0:
        train, parts["val"] = _carved("validation", train, sets, loading, loading.val_fraction, mix(seed, _VAL))
    sides = {"train": train, **parts}
    sequences = {name: part.sequences for name, part in sides.items()}
    if not sets.ordered:
        refuse = loading.duplicates == "refuse" and not sets.published
        check_content(sequences, {name: part.same for name, part in sides.items()}, refuse=refuse)
    sizes = [f"{len(sequences[name]):,} {word}" for name, word in _WORDS.items() if name in sequences]
    _log.info("sequences: %s", ", ".join(sizes))
    return sequences["train"], sequences.get("val"), sequences.get("test")


_WORDS = {"train": "to train on", "val": "to validate on", "test": "to test on"}


def _fold(sets: Sets, fold: int, folds: int) -> tuple[Part, Part]:
    """All sequences but those of a fold, and those."""
    if sets.ordered:
        raise WrongInput(
            "fold is set but this data's sequences overlap in time, so that folds would share their steps: "
            "set data.fold=null data.folds=null"
        )
    every = join([part for part in (sets.train, sets.val, sets.test) if part is not None])
    labels, same = _labels(every, sets), marks(every)
    held = fold_of(labels, folds, every.groups, same) == fold
    unknown = labels[held][~torch.isin(labels[held], labels[~held])]
    if len(unknown) and sets.predicts == "classes":
        where = int((labels == unknown[0]).nonzero()[0])
        raise WrongInput(
            f"fold {fold} of {folds} holds every sequence of the class {sets.classes[int(unknown[0])]!r}, as "
            f"{every.name(where)}, which leaves none to train on: give it more sequences"
            + ("" if every.groups is None else ", of more groups,")
            + " or leave it out"
        )
    part = Part(every, same)
    return part.select((~held).nonzero()[:, 0]), part.select(held.nonzero()[:, 0])


def _carved(what: str, train: Part, sets: Sets, loading: Loading, fraction: float, key: int) -> tuple[Part, Part]:
    """The rest of a training set, and a share of it."""
    count = len(train.sequences)
    if count < 2:
        raise WrongInput(f"the training set has one sequence, which leaves none for the {what} set: add sequences")
    if sets.ordered:
        cut = min(max(round(count * (1 - fraction)), 1), count - 1)
        return train.select(torch.arange(cut)), train.select(torch.arange(cut, count))
    labels, groups = _labels(train.sequences, sets), train.sequences.groups
    if what == "test" and sets.predicts == "classes":
        _check_tested(train.sequences, sets)
    try:
        rest, carved = carve(labels, fraction, key, groups, train.same)
    except WrongInput:
        if loading.duplicates == "refuse" or groups is None:
            raise
        rest, carved = carve(labels, fraction, key, groups)  # groups come first where equal sequences tie them all
    if not len(carved):
        alike = int(train.same.min()) == int(train.same.max())
        few = "all hold the same steps" if alike else "are one of each class, or have the steps of one of another"
        raise WrongInput(f"the {count} sequences to train on {few}, which leaves none for the {what} set: add others")
    return train.select(rest), train.select(carved)


def _check_tested(train: Sequences, sets: Sets) -> None:
    """Raise WrongInput for a class that could be learnt or tested, and not both."""
    alone = (torch.bincount(train.targets, minlength=len(sets.classes)) == 1).nonzero()[:, 0]
    if len(alone):
        where = int((train.targets == alone[0]).nonzero()[0])
        raise WrongInput(
            f"the class {sets.classes[int(alone[0])]!r} has one sequence, {train.name(where)}, which is needed to "
            f"train on, so that nothing could test it: add others of it, or leave it out{_values(sets.classes)}"
        )


def _values(classes: Sequence[str]) -> str:
    """What to do where the classes are numbers, of which one is alone."""
    if not all(name.lstrip("-").isdigit() for name in classes):
        return ""
    return "; if they are values, as in a table of your own, set data.predicts=values task=regression"


def _labels(sequences: Sequences, sets: Sets) -> Tensor:
    """(N,) int64: the classes to stratify by, or zeros; of several labels the rarest that each sequence has."""
    if sets.predicts == "labels":
        there = sequences.targets > 0.5  # (N, C)
        rarity = there.sum(0).argsort(stable=True).argsort()  # 0 for the rarest
        return torch.where(there, rarity, len(rarity)).amin(1)
    return sequences.targets if sets.predicts == "classes" else torch.zeros(len(sequences), dtype=torch.int64)
