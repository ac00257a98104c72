"""End a training that is behind the others of its search."""

from collections.abc import Callable

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint

from seqtrain.callbacks.record import Record
from seqtrain.interruption import Pruned
from seqtrain.learner import Learner

Behind = Callable[[int, float], bool]  # (epoch, best score so far) -> whether to give the training up


class Pruning(Checkpoint):
    """Asks after each validated epoch but the last whether the training is behind; changes nothing in it.

    A Lightning `Checkpoint`, like `Record` and after it, so that the epoch's row and checkpoint are written first.
    """

    def __init__(self, record: Record, behind: Behind) -> None:
        self._record = record
        self._behind = behind

    def on_train_start(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        assert isinstance(learner, Learner)
        ended = trainer.global_step % learner.steps_per_epoch == 0 and not learner.only_the_end_is_left()
        if ended:  # a kill may have come between the save and the question
            self._ask(trainer, learner, trainer.current_epoch)

    def on_train_epoch_end(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        assert isinstance(learner, Learner)
        self._ask(trainer, learner, trainer.current_epoch + 1)

    def _ask(self, trainer: pl.Trainer, learner: Learner, epoch: int) -> None:
        validated = epoch % (trainer.check_val_every_n_epoch or 1) == 0
        if not validated or trainer.global_step >= learner.total_steps or "epoch" not in self._record.best:
            return
        score = self._record.best["score"]
        if self._behind(epoch, score):
            raise Pruned(f"behind the other trials after epoch {epoch}, with {score:.4g}")
