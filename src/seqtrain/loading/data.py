"""From what a data set hands over to what training needs: three sets, their spec, and statistics of the first."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from seqtrain.batch import Spec
from seqtrain.errors import WrongInput
from seqtrain.loading.batches import Augment, PlainBatches, Reader, TrainingBatches
from seqtrain.loading.settings import Loading
from seqtrain.one_thread import one_thread
from seqtrain.randomness import mix
from seqtrain.sequences import Sequences, Sets, Statistics, View, target_statistics
from seqtrain.splits import carve

_CARVING = 104  # keeps the key of the carved validation set apart from the other uses of the seed


@dataclass(frozen=True)
class Data:
    """Sequences to train, validate and test on, and what is known of them."""

    train: Sequences
    val: Sequences
    test: Sequences | None
    spec: Spec
    view: View
    statistics: Statistics | None
    target_statistics: Statistics | None
    augment: Augment | None
    loading: Loading

    @property
    def target_scale(self) -> Tensor | None:
        """What the errors of values are divided by in the loss."""
        return None if self.target_statistics is None else self.target_statistics.std

    def steps_per_epoch(self, accumulate: int) -> int:
        """Optimizer steps of one epoch, with gradients accumulated over so many batches."""
        batches = -(-len(self.train) // self.loading.batch_size)
        return -(-min(batches, self.loading.limit or batches) // accumulate)

    def training(
        self, *, seed: int, accumulate: int, chunk: int, total_steps: int, position: Callable[[], int]
    ) -> TrainingBatches:
        """The training set in an order that depends on the seed and the epoch, augmented; see TrainingBatches."""
        return TrainingBatches(
            Reader(self.train, seed, self.augment),
            batch_size=self.loading.batch_size,
            accumulate=accumulate,
            chunk=chunk,
            steps_per_epoch=self.steps_per_epoch(accumulate),
            total_steps=total_steps,
            position=position,
            workers=self.loading.workers,
            limit=self.loading.limit,
            pool=self.loading.length_pool,
        )

    def plain(self, sequences: Sequences, *, chunk: int) -> PlainBatches:
        """Batches of a whole set, nothing augmented."""
        return PlainBatches(
            Reader(sequences),
            batch_size=self.loading.batch_size,
            chunk=chunk,
            workers=self.loading.workers,
            pool=self.loading.length_pool,
        )


def load_data(data_set: object, loading: Loading, *, seed: int) -> Data:
    """Load a data set (any object with `load(seed) -> Sets`), and carve a validation set where none is published.

    Raises WrongInput where a set is empty or a set has other features than the training set.
    """
    with one_thread():
        sets = data_set.load(seed)  # type: ignore[attr-defined]
        if not isinstance(sets, Sets):
            raise WrongInput(f"{type(data_set).__name__}.load returned {type(sets).__name__}: it must return a Sets")
        train, val = _validation(sets, loading, seed)
        statistics = sets.normalize(train) if sets.normalize is not None else None
        scale = target_statistics(train) if sets.scale_targets else None
    return Data(
        train=train,
        val=val,
        test=sets.test,
        spec=_spec(sets, train, val),
        view=sets.view,
        statistics=statistics,
        target_statistics=scale,
        augment=sets.augment,
        loading=loading,
    )


def _validation(sets: Sets, loading: Loading, seed: int) -> tuple[Sequences, Sequences]:
    if sets.val is not None:
        return sets.train, sets.val
    if loading.val_fraction == 0:
        raise WrongInput("val_fraction is 0 but the data has no validation set of its own: set data.val_fraction=0.1")
    labels = sets.train.targets if sets.predicts == "classes" else torch.zeros(len(sets.train), dtype=torch.int64)
    if len(sets.train) < 2:
        raise WrongInput("the training set has one sequence, which leaves none to validate on: add sequences")
    rest, carved = carve(labels, loading.val_fraction, mix(seed, _CARVING))
    return sets.train.select(rest), sets.train.select(carved)


def _spec(sets: Sets, train: Sequences, val: Sequences) -> Spec:
    parts = {"training": train, "validation": val} | ({"test": sets.test} if sets.test is not None else {})
    for name, part in parts.items():
        _check_targets(name, part, sets)
        if part.features != train.features:
            raise WrongInput(
                f"the {name} set has {part.features} features a step but the training set has {train.features}"
            )
    return Spec(
        features=train.features,
        shortest=min(part.shortest for part in parts.values()),
        longest=max(part.longest for part in parts.values()),
        predicts=sets.predicts,
        width=len(sets.classes) if sets.classes else train.targets.shape[-1],
        classes=sets.classes,
        class_counts=_class_counts(train, len(sets.classes)) if sets.classes else (),
    )


def _check_targets(name: str, part: Sequences, sets: Sets) -> None:
    if len(part) == 0:
        raise WrongInput(f"the {name} set has no sequences")
    targets = part.targets
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
    if train.per_step:
        batches = (train.batch(indices) for indices in torch.split(torch.arange(len(train)), 1024))
        counts = sum(torch.bincount(b.targets[b.scored], minlength=classes) for b in batches)
        return tuple(torch.as_tensor(counts).tolist())
    return tuple(torch.bincount(targets, minlength=classes).tolist())
