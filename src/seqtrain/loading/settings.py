"""The settings of every data config that say how its sequences are read."""

from seqtrain.ranges import Count, Fraction, Size


class Loading:
    """How sequences are split, batched and read.

    Args:
        batch_size: sequences in a batch.
        workers: processes that read and augment batches; 0 reads them in the training process.
        length_pool: batches whose sequences are sorted by length together, so that little is padded; 1 mixes all.
        val_fraction: share of the training set used for validation where none is published.
        limit: use only the first so many batches of an epoch, for debugging; null uses all.
    """

    def __init__(
        self,
        *,
        batch_size: Count = 32,
        workers: Size = 0,
        length_pool: Count = 20,
        val_fraction: Fraction = 0.1,
        limit: Count | None = None,
    ) -> None:
        self.batch_size = batch_size
        self.workers = workers
        self.length_pool = length_pool
        self.val_fraction = val_fraction
        self.limit = limit
