"""A backbone that a training leaves as it is."""

import pytorch_lightning as pl

from seqtrain.learner import Learner


class Frozen(pl.Callback):
    """No gradient reaches the backbone, nothing is dropped in it, and its batch norm keeps its statistics."""

    def on_train_start(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        assert isinstance(learner, Learner)
        learner.network.backbone.requires_grad_(False)
        learner.network.backbone.eval()  # which Lightning keeps through validations
