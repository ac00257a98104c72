"""The turns of a side that Lightning drives."""

from typing import Any

import pytorch_lightning as pl

from benchmarks.side import Side


class Hooks(pl.Callback):
    """Passes the baton on after so many batches; validation and the end of an epoch are in no turn.

    Args:
        every: batches of Lightning's in a turn; the last turn of an epoch may have fewer.
        last: batches of an epoch.
    """

    def __init__(self, side: Side, *, every: int, last: int) -> None:
        self._side = side
        self._every, self._last = every, last
        self._trains = True

    def on_train_start(self, *_: Any) -> None:
        self._side.training.take(self._side.name)

    def on_train_epoch_start(self, *_: Any) -> None:
        self._side.training.begin()

    def on_train_batch_end(self, _: pl.Trainer, __: pl.LightningModule, ___: Any, ____: Any, index: int) -> None:
        if (index + 1) % self._every == 0 or index + 1 == self._last:
            self._side.training.pass_on(self._side.name)

    def on_train_end(self, *_: Any) -> None:
        self._leave()

    def on_exception(self, *_: Any) -> None:
        self._leave()

    def _leave(self) -> None:
        if self._trains:
            self._trains = False
            self._side.training.leave(self._side.name)

    def on_test_start(self, *_: Any) -> None:
        self._side.testing.take(self._side.name)

    def on_test_batch_end(
        self, trainer: pl.Trainer, _: pl.LightningModule, __: Any, ___: Any, index: int, ____: int = 0
    ) -> None:
        if (index + 1) % self._every == 0 or index + 1 == trainer.num_test_batches[0]:
            self._side.testing.pass_on(self._side.name)

    def on_test_end(self, *_: Any) -> None:
        self._side.testing.leave(self._side.name)
