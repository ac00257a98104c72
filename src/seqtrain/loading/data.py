"""From what a data set hands over to what training needs: three sets, their spec, and statistics of the first."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from seqtrain.batch import Spec
from seqtrain.errors import WrongInput
from seqtrain.loading.batches import Augment, PlainBatches, Reader, TrainingBatches
from seqtrain.loading.mixup import Mixup, find_mixup
from seqtrain.loading.order import TOGETHER, batches_at_once
from seqtrain.loading.padding import expected_padding
from seqtrain.loading.place import HERE, Place
from seqtrain.loading.settings import Loading
from seqtrain.loading.sides import divide
from seqtrain.loading.streams import check_streams
from seqtrain.one_thread import one_thread
from seqtrain.ranks import count, rank
from seqtrain.sequences import Sequences, Sets, Statistics, View, target_statistics

_log = logging.getLogger("seqtrain")


@dataclass(frozen=True)
class Data:
    """Sequences to train, validate and test on, and what is known of them."""

    train: Sequences
    val: Sequences | None
    test: Sequences | None
    spec: Spec
    view: View
    statistics: Statistics | None
    target_statistics: Statistics | None
    augment: Augment | None
    loading: Loading
    mixup: Mixup | None = None
    change: Tensor | None = None  # (D,) int64: the features from whose last step each value is learnt as a change

    @property
    def target_scale(self) -> Tensor | None:
        """What the errors of values are divided by in the loss."""
        return None if self.target_statistics is None else self.target_statistics.std

    @property
    def looked_at(self) -> Sequences:
        """What a finished run is shown on: the test set, or else what there is."""
        found = self.val if self.test is None else self.test
        return self.train if found is None else found

    def place(self, device: torch.device, dtype: torch.dtype) -> Place:
        """Where batches are read for a model of numbers of a type on a device."""
        sets = [each for each in (self.train, self.val, self.test) if each is not None]
        if self.augment is not None or self.mixup is not None:
            sets.remove(self.train)
        return Place(device, sets, resident=self.loading.resident == "auto", dtype=dtype)

    @property
    def carries(self) -> bool:
        """Whether a model's state goes on from window to window."""
        return self.train.series is not None

    @property
    def _workers(self) -> int:
        """None beside gloo: a fork copies the locks that its threads hold at that moment, and hangs now and then."""
        return self.loading.workers if count() == 1 else 0

    def steps_per_epoch(self, accumulate: int) -> int:
        """Optimizer steps of one epoch, with gradients accumulated over so many batches."""
        batches = -(-len(self.train) // self.loading.batch_size)
        return -(-batches // accumulate)

    def training(
        self,
        *,
        seed: int,
        accumulate: int,
        chunk: int,
        total_steps: int,
        position: Callable[[], int],
        only_the_end_is_left: Callable[[], bool] = lambda: False,
        place: Place = HERE,
    ) -> TrainingBatches:
        """The training set in an order that depends on the seed and the epoch, augmented; see TrainingBatches."""
        if self._workers < self.loading.workers:
            _log.warning(
                "data.workers is %d but processes that train together read their parts themselves: 0 is used",
                self.loading.workers,
            )
        if self.train.shortest != self.train.longest and not self.carries:
            self._tell_padding(seed)
        return TrainingBatches(
            Reader(self.train, seed, self.augment, rank(), count(), self.mixup, place),
            batch_size=self.loading.batch_size,
            accumulate=accumulate,
            chunk=chunk,
            steps_per_epoch=self.steps_per_epoch(accumulate),
            total_steps=total_steps,
            position=position,
            workers=self._workers,
            pool=self.loading.length_pool,
            balanced=self.train.targets if self.loading.balanced else None,
            only_the_end_is_left=only_the_end_is_left,
        )

    def _tell_padding(self, seed: int) -> None:
        lengths, size, pool = self.train.lengths, self.loading.batch_size, self.loading.length_pool
        with one_thread():
            share = expected_padding(lengths, size, pool=pool, seed=seed)
            mixed = expected_padding(lengths, size, pool=1, seed=seed)
        otherwise = "" if pool == 1 else f"; {mixed:.0%} if lengths were mixed"
        _log.info("padding: %.0f%% of the steps that are computed%s", 100 * share, otherwise)

    def plain(self, sequences: Sequences, *, chunk: int, place: Place = HERE, views: bool = False) -> PlainBatches:
        """Batches of a whole set, nothing augmented.

        Several at once, as nothing is kept for a backward pass; on a CPU where they pad nothing and stay in its cache.

        Args:
            views: whether batches may be views of the set, since what reads them writes to none.
        """
        size, times = self.loading.batch_size, TOGETHER
        if place.waits:
            alike = sequences.shortest == sequences.longest
            times = batches_at_once(size, steps=sequences.longest, features=sequences.features) if alike else 1
        views = views and self._workers == 0  # a worker would send all that a view is of
        return PlainBatches(
            Reader(sequences, rank=rank(), ranks=count(), place=place, views=views),
            batch_size=times * size,
            chunk=-(-chunk // times),
            workers=self._workers,
            pool=self.loading.length_pool,
        )


def load_data(data_set: object, loading: Loading, *, seed: int) -> Data:
    """Load a data set (any object with `load(seed) -> Sets`), and divide it where it is not divided.

    Raises WrongInput where a set is empty or a set has other features than the training set, where `divide` finds
    the split wrong, and where classes are to be balanced that are none.
    """
    with one_thread():
        sets = data_set.load(seed)  # type: ignore[attr-defined]
        if not isinstance(sets, Sets):
            raise WrongInput(f"{type(data_set).__name__}.load returned {type(sets).__name__}: it must return a Sets")
        _check(sets)
        if loading.balanced and sets.predicts != "classes":
            raise WrongInput(
                "balanced is true but the data has no class for each sequence to draw by: set data.balanced=false"
            )
        check_streams(sets, loading)
        train, val, test = divide(sets, loading, seed=seed)
        if loading.limit is not None:
            most = loading.limit * loading.batch_size
            train = _limited(train, most)
            val, test = (part and _limited(part, most) for part in (val, test))
        statistics = sets.normalize(train) if sets.normalize is not None else None
        scale = target_statistics(train, sets.change_from) if sets.scale_targets else None
        mixup = find_mixup(loading.mixup, sets, statistics)
        fitted = sets.fit_augment(train) if sets.fit_augment is not None else None
    return Data(
        train=train,
        val=val,
        test=test,
        spec=_spec(sets, train, val, test),
        view=sets.view,
        statistics=statistics,
        target_statistics=scale,
        augment=None if loading.limit is not None else sets.augment if sets.fit_augment is None else fitted,
        loading=loading,
        mixup=mixup if loading.limit is None else None,
        change=torch.tensor(sets.change_from) if sets.change_from else None,
    )


def _limited(part: Sequences, count: int) -> Sequences:
    """At most so many sequences, spread over the set; the first ones where each goes on from the one before."""
    if len(part) <= count:
        return part
    return part.select(torch.linspace(0, len(part) - 1, count).long() if part.series is None else torch.arange(count))


def _check(sets: Sets) -> None:
    for name, part in (("training", sets.train), ("validation", sets.val), ("test", sets.test)):
        if part is None:
            continue
        _check_targets(name, part, sets)
        if part.features != sets.train.features:
            raise WrongInput(
                f"the {name} set has {part.features} features a step but the training set has {sets.train.features}"
            )


def _spec(sets: Sets, train: Sequences, val: Sequences | None, test: Sequences | None) -> Spec:
    parts = [part for part in (train, val, test) if part is not None]
    return Spec(
        features=train.features,
        shortest=min(part.shortest for part in parts),
        longest=max(part.longest for part in parts),
        predicts=sets.predicts,
        width=len(sets.classes) if sets.classes else train.targets.shape[-1],
        classes=sets.classes,
        class_counts=_class_counts(train, len(sets.classes)) if sets.classes else (),
        scaled_by=sets.scaled_by,
        columns=sets.columns,
    )


def _check_targets(name: str, part: Sequences, sets: Sets) -> None:
    if len(part) == 0:
        raise WrongInput(f"the {name} set has no sequences")
    targets = part.targets
    if sets.predicts == "labels":
        if targets.shape[1:] != (len(sets.classes),) or not ((targets == 0) | (targets == 1)).all():
            raise WrongInput(
                f"the {name} set's targets are {targets.dtype} {tuple(targets.shape)}: must be 0.0 or 1.0 for each of "
                f"{len(sets.classes)} labels"
            )
        return
    if sets.predicts in ("values", "step_values"):
        if targets.dim() != 2 or not targets.is_floating_point():
            raise WrongInput(
                f"the {name} set's targets are {targets.dtype} {tuple(targets.shape)}: must be float (…, D)"
            )
        return
    if targets.dim() != 1 or targets.is_floating_point():
        raise WrongInput(
            f"the {name} set's targets are {targets.dtype} {tuple(targets.shape)}: must be int64, one a row"
        )
    low, high = int(targets.min()), int(targets.max())
    if low < 0 or high >= len(sets.classes):
        wrong = low if low < 0 else high
        raise WrongInput(f"the {name} set has the class {wrong} but there are {len(sets.classes)} classes, from 0")


def _class_counts(train: Sequences, classes: int) -> tuple[int, ...]:
    targets = train.targets
    if targets.is_floating_point():  # (N, C) labels
        return tuple(targets.sum(0).long().tolist())
    if train.per_step:
        batches = (train.batch(indices) for indices in torch.split(torch.arange(len(train)), 1024))
        counts = sum(torch.bincount(b.targets[b.scored], minlength=classes) for b in batches)
        return tuple(torch.as_tensor(counts).tolist())
    return tuple(torch.bincount(targets, minlength=classes).tolist())
