"""A plain LightningModule: automatic optimization, self.log, a DataLoader, and all of the Trainer's own defaults."""

from pathlib import Path

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.case import Case
from benchmarks.hooks import Hooks
from benchmarks.side import CHUNK, Side


class Plain(pl.LightningModule):
    """As the first page of its manual has it."""

    def __init__(self, case: Case, total_steps: int) -> None:
        super().__init__()
        self.model = case.model()
        self.loss = case.loss
        self._settings, self._total = case.config.optimizer, total_steps

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        loss = self.loss(self.model(batch[0]), batch[1])
        self.log("train/loss", loss, on_step=True, on_epoch=True, prog_bar=True)
        return loss

    def test_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:  # noqa: PT019
        outputs = self.model(batch[0])
        self.log("test/loss", self.loss(outputs, batch[1]))
        if not batch[1].is_floating_point():
            self.log("test/accuracy", (outputs.argmax(1) == batch[1]).float().mean())

    def configure_optimizers(self) -> object:
        lr, betas = self._settings.lr, tuple(self._settings.betas)
        optimizer = torch.optim.Adam(self.parameters(), lr=lr, betas=betas)
        schedule = OneCycleLR(optimizer, max_lr=lr, total_steps=self._total, cycle_momentum=False)
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]


class _Orders:
    """The batches of seqtrain's epochs."""

    def __init__(self, case: Case) -> None:
        self._case, self._epoch = case, 0
        self._count = len(case.order(0))

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> object:
        self._epoch += 1
        return iter([batch.tolist() for batch in self._case.order(self._epoch - 1)])


def lightning(case: Case, side: Side, folder: Path) -> None:
    """Train and test."""
    assert case.data.test is not None
    side.training.take(side.name)
    orders = _Orders(case)
    training = DataLoader(TensorDataset(*case.tensors(case.data.train)), batch_sampler=orders)  # type: ignore[arg-type]
    testing = DataLoader(TensorDataset(*case.tensors(case.data.test)), batch_size=case.data.loading.batch_size)
    trainer = pl.Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=case.epochs,
        default_root_dir=folder,
        callbacks=[Hooks(side, every=CHUNK, last=len(orders))],
    )
    learner = Plain(case, case.epochs * len(orders))
    trainer.fit(learner, training)
    side.last_loss = float(trainer.callback_metrics["train/loss_epoch"])
    side.testing.take(side.name)
    trainer.test(learner, testing, verbose=False)
