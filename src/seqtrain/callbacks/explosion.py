"""End a training whose loss has exploded and is a number still, as with optimizer.lr=1e9."""

import math
from typing import Any

import pytorch_lightning as pl
from torch import Tensor

from seqtrain.criteria import ValueCriterion
from seqtrain.divergence import NotFinite
from seqtrain.learner import Learner

_MOST = 1e6  # times the largest target, which no error that can be learnt from comes near; or nats, of a class


class Explosion(pl.Callback):
    """Looks at the last loss of every call of the training step, before anything is saved.

    Args:
        most: the loss above which the training has exploded; see `most_loss`.
    """

    def __init__(self, most: float) -> None:
        self._most = most

    def on_train_batch_end(self, trainer: pl.Trainer, learner: pl.LightningModule, *_: Any) -> None:
        assert isinstance(learner, Learner)
        if learner.updates_in_call == 0 or learner.last_loss <= self._most:
            return
        raise learner.diverged(NotFinite(f"the loss is {learner.last_loss:.3g}"), trainer.global_step - 1)


def most_loss(criterion: object, targets: Tensor) -> float:
    """The loss of errors that are a million times as large as one and the largest target; of classes, a million.

    Args:
        criterion: a loss; of one that is not seqtrain's nothing is known.
        targets: of the training set: values, of which some may be missing, or classes.
    """
    if not targets.is_floating_point():
        return _MOST
    if not isinstance(criterion, ValueCriterion):
        return math.inf
    largest = float(targets.nan_to_num(0, 0, 0).abs().max()) if len(targets) else 0.0
    return criterion.of_error(_MOST * (1 + largest))
