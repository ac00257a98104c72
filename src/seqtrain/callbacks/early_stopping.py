"""End a training whose monitored metric no longer gets better."""

from typing import TYPE_CHECKING

from seqtrain.checkpoints import Checkpoints
from seqtrain.ranges import Count, NonNegative

if TYPE_CHECKING:
    import pytorch_lightning as pl


class EarlyStopping:
    """Lightning's EarlyStopping on the metric that `checkpoint.monitor` names.

    Args:
        patience: validations without a better value before training ends.
        min_delta: how much better a value must be to count.
    """

    def __init__(self, *, patience: Count = 10, min_delta: NonNegative = 0.0) -> None:
        self.patience = patience
        self.min_delta = min_delta

    def __call__(self, checkpoints: Checkpoints) -> "pl.Callback":
        from pytorch_lightning.callbacks import EarlyStopping as LightningEarlyStopping

        return LightningEarlyStopping(
            monitor=checkpoints.monitor,
            mode="min" if checkpoints.less_is_better else "max",
            patience=self.patience,
            min_delta=self.min_delta,
            verbose=False,
        )
