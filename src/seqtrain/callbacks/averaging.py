"""A moving average of the weights, which is what is validated, tested and kept, while training goes on from its own."""

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from seqtrain.learner import Learner


class Averaging(pl.Callback):
    """Exponential moving average of weights: after update t, average = d average + (1 - d) weights.

    Polyak and Juditsky (1992) average along a training; d grows to the decay as min(decay, (1 + t) / (10 + t)), so that
    a short training forgets its initial weights too (TensorFlow's ExponentialMovingAverage with `num_updates`). The
    statistics of batch norm are averaged as the weights are that they belong to; counts are those of the last update.

    In a checkpoint the average stands where weights stand; those that training goes on from are beside it.

    Args:
        decay: d of a long training.
    """

    def __init__(self, decay: float) -> None:
        self._decay = decay
        self._names: list[str] = []
        self._weights: list[Tensor] = []  # of the network, which an optimizer moves
        self._average: list[Tensor] = []
        self._aside: list[Tensor] | None = None  # the weights, while the network has their average

    def on_train_start(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        assert isinstance(learner, Learner)
        every = {name: each.detach() for name, each in learner.network.state_dict(keep_vars=True).items()}
        resumed = self._weights  # as load_state_dict left them
        self._names = [f"network.{name}" for name, each in every.items() if each.is_floating_point()]
        self._weights = [each for each in every.values() if each.is_floating_point()]
        self._average = [each.clone() for each in self._weights]
        if resumed:  # the network was given the checkpoint's average
            torch._foreach_copy_(self._weights, [each.to(self._weights[0].device) for each in resumed])
        learner.after_update = self._moved

    def on_validation_start(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        self._aside = [each.clone() for each in self._weights]
        torch._foreach_copy_(self._weights, self._average)

    def on_validation_end(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        assert self._aside is not None
        torch._foreach_copy_(self._weights, self._aside)
        self._aside = None

    def on_save_checkpoint(self, trainer: pl.Trainer, learner: pl.LightningModule, checkpoint: dict[str, Any]) -> None:
        checkpoint["state_dict"] |= dict(zip(self._names, self._average, strict=True))

    def state_dict(self) -> dict[str, Any]:
        return {"weights": self._weights if self._aside is None else self._aside}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._weights = state["weights"]

    def _moved(self, updates: int) -> None:
        decay = min(self._decay, (1 + updates) / (10 + updates))
        torch._foreach_lerp_(self._average, self._weights, 1 - decay)
