"""What one call of the training step is handed: groups of batches, at hand or read one by one."""

from collections.abc import Iterator
from itertools import islice

from seqtrain.batch import Batch

Group = list[Batch]  # the batches of one optimizer step: as many as gradients are accumulated over


class OneByOne:
    """Groups that are each read when their turn comes, so that a GPU works on one while the next is read."""

    def __init__(self, groups: Iterator[Group], count: int) -> None:
        self._groups, self._count = groups, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Group]:
        return islice(self._groups, self._count)


Chunk = list[Group] | OneByOne
