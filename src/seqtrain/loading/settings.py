"""The settings of every data config that say how its sequences are read."""

from typing import Annotated, Literal

from annotated_types import Ge

from seqtrain.errors import WrongInput
from seqtrain.ranges import Count, Fraction, NonNegative, Size


class Loading:
    """How sequences are split, batched and read.

    Raises WrongInput where `fold` and `folds` do not fit together.

    Args:
        batch_size: sequences in a batch.
        workers: processes that read and augment batches; 0 reads them in the training process.
        resident: whether sets lie on a GPU whole and are read there: auto, where they fit in half of its free memory
            and nothing augments them; else, and with never, batches are read on the CPU and sent ahead.
        length_pool: batches whose sequences are sorted by length together, such as 20, so that little is padded;
            1 mixes all, which serves batch norm better where lengths tell classes.
        balanced: whether an epoch draws from every class as often, with replacement, however rare it is.
        mixup: mix every training sequence and its target with another's, by a share of Beta(mixup, mixup), such as 0.2
            (Zhang et al. 2018); 0 mixes none.
        val_fraction: share of the training set used for validation where none is published; 0 validates nothing
            and keeps the last epoch, for sets too small to spare any.
        fold: cross-validation: test on this fold, from 0, of all sequences, and train on the others; null: as the
            data is split.
        folds: into how many folds all sequences are divided, by class, the same ones whatever the seed.
        duplicates: refuse data with equal sequences on two sides of its split, or warn of them; a published split
            is only ever warned of. Seqtrain's own splits keep them together.
        limit: use only the first so many batches of every set, not augmented, for debugging; null uses all.
    """

    def __init__(
        self,
        *,
        batch_size: Count = 32,
        workers: Size = 0,
        resident: Literal["auto", "never"] = "auto",
        length_pool: Count = 1,
        balanced: bool = False,
        mixup: NonNegative = 0.0,
        val_fraction: Fraction = 0.1,
        fold: Size | None = None,
        folds: Annotated[int, Ge(2)] | None = None,
        duplicates: Literal["refuse", "warn"] = "refuse",
        limit: Count | None = None,
    ) -> None:
        if fold is not None and folds is None:
            raise WrongInput(f"fold is {fold} but folds is null: set data.folds, the number of folds, too")
        if folds is not None and fold is None:
            every = ",".join(map(str, range(folds)))
            raise WrongInput(
                f"folds is {folds} but fold is null: set data.fold=0, or train on all with -m data.fold={every}"
            )
        if fold is not None and folds is not None and fold >= folds:
            raise WrongInput(f"fold is {fold} but folds is {folds}: data.fold counts from 0 to {folds - 1}")
        self.batch_size = batch_size
        self.workers = workers
        self.resident = resident
        self.length_pool = length_pool
        self.balanced = balanced
        self.mixup = mixup
        self.val_fraction = val_fraction
        self.fold = fold
        self.folds = folds
        self.duplicates = duplicates
        self.limit = limit
