"""Batches of a set: gathered here, or by worker processes, with the same bits."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtrain.batch import Batch
from seqtrain.loading.chunk import Chunk, Group, OneByOne
from seqtrain.loading.mixup import Mixup
from seqtrain.loading.order import Batches, epoch_batches, plain_batches
from seqtrain.loading.place import HERE, OnGpu, Place
from seqtrain.loading.streams import Streams, epoch_streams, whole_streams
from seqtrain.loading.workers import read_by_workers
from seqtrain.one_thread import one_thread
from seqtrain.randomness import Draws, mix
from seqtrain.sequences import Sequences

Augment = Callable[[Batch, Draws], Batch]

_READ_AT_ONCE = 1 << 16  # numbers of inputs: reading so many costs little more than a batch of a few
_AUGMENTATION = 103  # keeps the key of an augmentation apart from the other uses of (seed, epoch)


@dataclass(frozen=True)
class Reader:
    """Reads (epoch, draws) from a set as a batch, augmented and mixed where the set is for training.

    Draws are those of `order.epoch_batches`; each is augmented in a way of its own. It is the `dataset` of a torch
    DataLoader whose sampler gives such pairs. Sets that lie on a GPU are read there.

    Where `views` is set, a batch of neighbours may be a view of the set: for what writes into none.

    Of processes that train together each reads its part of every batch, so that none is read twice or lost. Where
    there is none for this one, a sequence of another's part stands in.
    """

    sequences: Sequences
    seed: int = 0
    augment: Augment | None = None
    rank: int = 0
    ranks: int = 1
    mixup: Mixup | None = None
    place: Place = HERE
    views: bool = False

    def __getitem__(self, what: tuple[int, Tensor | NDArray[np.int64]]) -> Batch:
        epoch, drawn = what[0], torch.as_tensor(what[1])
        part = drawn[self.rank :: self.ranks] if self.ranks > 1 else drawn
        draws = part if len(part) else drawn[:1]
        with one_thread():
            if self.mixup is None:
                batch = self._augmented(epoch, draws)
            else:
                rows = torch.arange(len(drawn))[self.rank :: self.ranks] if len(part) else torch.zeros(1).long()
                batch = self.mixup(partial(self._augmented, epoch), drawn, rows, seed=self.seed, epoch=epoch)
        return batch if len(part) else batch._replace(indices=part)

    def _augmented(self, epoch: int, draws: Tensor) -> Batch:
        indices = draws % len(self.sequences)
        if self.held is not None:
            return self.held.batch(indices)
        batch = self.sequences.batch(indices, views=self.views)
        if self.augment is None:
            return batch
        return self.augment(batch, Draws(mix(self.seed, _AUGMENTATION), epoch, draws))

    def batches(self, epoch: int, order: Sequence[Tensor]) -> Iterator[Batch]:
        """A batch for each of the order's draws; small ones of equal lengths are read many at once and cut apart."""
        if not len(order):
            return
        alike = self.augment is None and self.mixup is None and self.ranks == 1
        alike = alike and self.sequences.shortest == self.sequences.longest
        numbers = len(order[0]) * self.sequences.longest * self.sequences.features
        some = max(1, _READ_AT_ONCE // numbers) if alike else 1
        for start in range(0, len(order), some):
            drawn = [order[place] for place in range(start, min(start + some, len(order)))]
            if len(drawn) == 1:
                yield self[epoch, drawn[0]]
                continue
            with one_thread():
                together = self.sequences.batch(torch.cat(drawn) % len(self.sequences))
            sizes = [len(draws) for draws in drawn]
            parts = [[None] * len(sizes) if part is None else torch.split(part, sizes) for part in together]
            for each in zip(*parts, strict=True):
                yield Batch(*map(_apart, each))  # type: ignore[arg-type]

    @property
    def held(self) -> OnGpu | None:
        """The set as it lies on a GPU, where it does and nothing augments or mixes it: that is done on the CPU."""
        return self.place.held(self.sequences) if self.augment is None and self.mixup is None else None


def _apart(part: Tensor | None) -> Tensor | None:
    """Real numbers in a piece of memory of their own: where a product's lie can change its last bits."""
    return part if part is None or not part.is_floating_point() else part.clone()


class TrainingBatches:
    """The training set, epoch after epoch, as chunks of groups of batches.

    It keeps no state: each pass starts where `position()`, the number of optimizer steps made, says. It has no
    length, since an interrupted epoch is shorter.

    Args:
        reader: reads the training set.
        batch_size: sequences in a batch.
        accumulate: batches in a group, which is one optimizer step.
        chunk: groups handed to one call of the training step.
        steps_per_epoch: optimizer steps of one epoch, at most as many as the set has groups.
        total_steps: optimizer steps after which training ends.
        position: optimizer steps made so far.
        workers: processes that gather and augment; 0 does it here.
        pool: batches whose sequences are sorted by length together.
        balanced: (N,) int64 classes, of which each is drawn as often; None: every sequence once an epoch.
        only_the_end_is_left: whether all of an epoch's steps are made, and its validation is not.
    """

    def __init__(
        self,
        reader: Reader,
        *,
        batch_size: int,
        accumulate: int,
        chunk: int,
        steps_per_epoch: int,
        total_steps: int,
        position: Callable[[], int],
        workers: int = 0,
        pool: int = 1,
        balanced: Tensor | None = None,
        only_the_end_is_left: Callable[[], bool] = lambda: False,
    ) -> None:
        self._only_the_end_is_left = only_the_end_is_left
        self._pool, self._balanced = pool, balanced
        self._reader, self._seed = reader, reader.seed
        self._batch_size, self._accumulate, self._chunk = batch_size, accumulate, chunk
        self._total_steps, self._position, self._workers = total_steps, position, workers
        self._steps_per_epoch = steps_per_epoch

    def __iter__(self) -> Iterator[Chunk]:
        if self._only_the_end_is_left():
            return iter([[]])  # a chunk of nothing leads Lightning to the epoch's end
        epoch, done = divmod(self._position(), self._steps_per_epoch)  # read now, not at the first batch
        return self._chunks(epoch, done)

    def group(self, step: int) -> Group:
        """The batches of one update, once more."""
        epoch, done = divmod(step, self._steps_per_epoch)
        return [self._reader[epoch, draws] for draws in self._left(epoch, done, done + 1)]

    def _chunks(self, epoch: int, done: int) -> Iterator[Chunk]:
        end = min(self._steps_per_epoch, self._total_steps - epoch * self._steps_per_epoch)
        left = self._left(epoch, done, end)
        batches = read_all(self._reader, epoch, left, self._workers)
        groups = iter(lambda: list(islice(batches, self._accumulate)), [])
        if self._reader.place.waits:
            yield from iter(lambda: list(islice(groups, self._chunk)), [])
            return
        for begin in range(done, end, self._chunk):
            yield OneByOne(groups, min(self._chunk, end - begin))

    def _left(self, epoch: int, done: int, end: int) -> Batches | Streams:
        """What the updates from `done` to `end` of an epoch read."""
        with one_thread():
            order = self._order(epoch)
        return order[done * self._accumulate : end * self._accumulate]

    def _order(self, epoch: int) -> Batches | Streams:
        sequences = self._reader.sequences
        if sequences.series is not None:
            return epoch_streams(sequences.series, self._batch_size, seed=self._seed, epoch=epoch)
        return epoch_batches(
            sequences.lengths,
            self._batch_size,
            pool=self._pool,
            seed=self._seed,
            epoch=epoch,
            balanced=self._balanced,
        )


class PlainBatches:
    """A whole set as chunks of batches, for validation and test: no randomness, similar lengths together.

    Where a state is carried from window to window, no series is cut and all windows of one are in order.
    """

    def __init__(self, reader: Reader, *, batch_size: int, chunk: int, workers: int = 0, pool: int = 1) -> None:
        self._reader, self._workers, self._chunk = reader, workers, chunk
        self._order = (
            plain_batches(reader.sequences.lengths, batch_size, pool=pool)
            if reader.sequences.series is None
            else whole_streams(reader.sequences.series, batch_size)
        )

    def __len__(self) -> int:
        return -(-len(self._order) // self._chunk)

    def __iter__(self) -> Iterator[list[Batch]]:
        batches = read_all(self._reader, 0, self._order, self._workers)
        return iter(lambda: list(islice(batches, self._chunk)), [])


def read_all(reader: Reader, epoch: int, order: Batches | Streams, workers: int) -> Iterator[Batch]:
    """The batches in order, each told what goes on in it from the one before."""
    batches = _read(reader, epoch, order, workers)
    if isinstance(order, Batches):
        return batches
    rows = (each[reader.rank :: reader.ranks] for each in order.continues())
    return (batch._replace(continues=continues) for batch, continues in zip(batches, rows, strict=True))


def _read(reader: Reader, epoch: int, order: Sequence[Tensor], workers: int) -> Iterator[Batch]:
    """The batches in order, read in this process or by so many others.

    Of several that train together each reads its own part itself: forked workers would inherit the locks of the
    threads by which they talk, and wait for ever.
    """
    if reader.held is not None:
        return (reader[epoch, draws] for draws in order)
    if workers == 0 or reader.ranks > 1:
        return reader.place.sent(reader.batches(epoch, order))
    items = ((epoch, draws.numpy()) for draws in order)  # a tensor would be shared, by a thread for it
    return reader.place.sent(read_by_workers(reader, items, min(workers, max(len(order), 1))))
