"""The set that is evaluated: one of a data set's three, or all of them after one another, not copied."""

from collections.abc import Iterator
from itertools import chain
from typing import Literal

import torch
from torch import Tensor

from seqtrain.batch import Batch
from seqtrain.errors import WrongInput
from seqtrain.evaluation.other_data import in_order_of
from seqtrain.loading import Data
from seqtrain.sequences import Sequences

Which = Literal["test", "val", "train", "all"]


class ChosenSet:
    """N sequences, counted through all parts.

    Raises WrongInput where there is no such set.

    Args:
        data: the sets, and how they are read.
        which: the set.
        classes: names in the order in which the network has them.
    """

    def __init__(self, data: Data, which: Which, classes: tuple[str, ...]) -> None:
        sets = {"train": data.train, "val": data.val, "test": data.test}
        if which != "all" and sets[which] is None:
            word = {"val": "validation"}.get(which, which)
            there = [name for name, part in sets.items() if part is not None]
            raise WrongInput(f"the data has no {word} set: set set={there[-1]}, or set=all for all of it")
        names = list(sets) if which == "all" else [which]
        found = [sets[name] for name in names]
        self.parts = [in_order_of(part, data.spec.classes, classes) for part in found if part is not None]
        ends = torch.tensor([len(part) for part in self.parts]).cumsum(0).tolist()
        self._starts = [end - len(part) for end, part in zip(ends, self.parts, strict=True)]
        self._data = data

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def batches(self) -> Iterator[Batch]:
        """All sequences once, similar lengths together; `indices` count through all parts."""
        for start, part in zip(self._starts, self.parts, strict=True):
            for batch in chain.from_iterable(self._data.plain(part, chunk=1)):
                yield batch._replace(indices=batch.indices + start)

    def name(self, index: int) -> str:
        part, inside = self._find(index)
        return part.name(inside)

    def pick(self, indices: list[int]) -> Batch:
        """Some sequences, in this order; its own `indices` count from 0."""
        rows = [part.batch(torch.tensor([inside])) for part, inside in map(self._find, indices)]
        scored = [row.scored[0] for row in rows if row.scored is not None]
        targets: list[Tensor] = [row.targets[0] for row in rows]
        per_step = bool(scored)
        picked = Sequences.of(
            [row.inputs[0] for row in rows], targets if per_step else torch.stack(targets), scored=scored or None
        )
        return picked.batch(torch.arange(len(indices)))

    def _find(self, index: int) -> tuple[Sequences, int]:
        return next(
            (part, index - start)
            for start, part in zip(reversed(self._starts), reversed(self.parts), strict=True)
            if index >= start
        )
