"""The one owner of a run's rows, best epoch and checkpoints, so that they agree after any interruption."""

import csv
import io
import math
import time
from collections.abc import Iterator
from typing import IO, Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Checkpoint, EarlyStopping

from seqtrain.checkpoints import Checkpoints, link
from seqtrain.divergence import Diverged
from seqtrain.interruption import Interrupted, Interruption
from seqtrain.learner import Learner, metrics
from seqtrain.ranks import largest, rank, wait
from seqtrain.run_folder import RunFolder

_LOG_EVERY = 50  # optimizer steps between points of the curves by step


class Record(Checkpoint):
    """Writes metrics.csv, the loggers' curves, and best.ckpt and last.ckpt.

    A Lightning `Checkpoint`, so that it runs after every other callback. The length of metrics.csv is part of each
    checkpoint: rows of steps that a resumed run makes again are cut off first.

    Of processes that train together the first one writes; the others come to the same verdicts beside it.
    """

    def __init__(
        self, folder: RunFolder, settings: Checkpoints, interruption: Interruption, *, validates: bool = True
    ) -> None:
        self._folder = folder
        self._validates = validates
        self._settings = settings
        self._interruption = interruption
        self._rows: IO[bytes] | None = None
        self._bytes = 0
        self._validated: dict[str, float] | None = None
        self._logged = 0
        self._saved_at = time.monotonic()
        self.best: dict[str, Any] = {}  # until an epoch has a score that is a number

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "bytes": self._bytes}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best, self._bytes = state["best"], state["bytes"]

    def on_train_epoch_start(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        assert isinstance(learner, Learner)
        if trainer.global_step + learner.steps_per_epoch >= learner.total_steps:
            trainer.check_val_every_n_epoch = 1  # the last epoch is always validated

    def on_train_start(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        if rank() == 0:
            self._rows = open(self._folder.metrics, "ab", buffering=0)  # a failed write is known at once
            self._rows.truncate(self._bytes)
            if self.best.get("step") == trainer.global_step:  # killed after last.ckpt was written, before best.ckpt was
                link(self._folder.last, self._folder.best)
        self._logged = trainer.global_step
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            # Lightning saves how long an EarlyStopping has waited, but not that it had decided to stop.
            if isinstance(callback, EarlyStopping) and callback.wait_count >= callback.patience:
                trainer.should_stop = True

    def on_train_batch_end(self, trainer: pl.Trainer, learner: pl.LightningModule, *_: Any) -> None:
        assert isinstance(learner, Learner)
        step = trainer.global_step
        if step // _LOG_EVERY > self._logged // _LOG_EVERY:
            self._logged = step
            self._log(trainer, {"train/loss_step": learner.last_loss, "lr": learner.learning_rate()}, step)
        if learner.epoch_is_complete():
            if learner.updates_in_call == 0:  # an epoch's beginning, which is saved as the end of the one before
                self._interruption.stop_if_asked()
            return  # never save after an epoch's last step: validation and the row, which follow, would be lost
        asked = self._interruption.asked()
        if asked is not None or largest(time.monotonic() - self._saved_at > 60 * self._settings.minutes):
            self._save(trainer)
        if asked is not None:
            raise Interrupted(asked)

    def on_validation_batch_end(self, trainer: pl.Trainer, learner: pl.LightningModule, *_: Any) -> None:
        asked = self._interruption.asked()
        if asked is not None:
            self._save(trainer)  # of the last step: the whole validation is made when the run goes on
            raise Interrupted(asked)

    def on_validation_end(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        assert isinstance(learner, Learner)
        if not trainer.sanity_checking:
            self._validated = metrics("val", learner.eval_sums, learner.scores)

    def on_train_epoch_end(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        assert isinstance(learner, Learner)
        trained = metrics("train", learner.train_sums.over_ranks(), learner.scores)
        validated, self._validated = self._validated, None
        step = trainer.global_step
        names = [f"val/{name}" for name in ("loss", *learner.scores.names)]
        rate = learner.learning_rate()
        row = trained | (validated if validated is not None else dict.fromkeys(names, ""))
        epoch = trainer.current_epoch + 1  # epochs are counted from one wherever a user sees them
        self._write_row({"epoch": epoch, "step": step, "lr": rate} | row)
        self._log(trainer, trained | (validated or {}) | {"lr": rate, "epoch": float(epoch)}, step)
        learner.train_sums.clear()
        improved = validated is not None and self._better(validated[self._settings.monitor])
        if validated is not None:
            score = validated[self._settings.monitor]
            learner.step_scheduler_by_epoch(score if self._settings.less_is_better else -score)
        if improved and validated is not None:
            score = validated[self._settings.monitor]
            self.best = {"score": score, "epoch": epoch, "step": step, "metrics": validated}
        if not self._validates:  # the last epoch is kept
            improved = True
            self.best = {"score": trained["train/loss"], "epoch": epoch, "step": step, "metrics": trained}
        self._save(trainer, best=improved)
        self._interruption.stop_if_asked()

    def on_fit_end(self, trainer: pl.Trainer, learner: pl.LightningModule) -> None:
        self._close()

    def on_exception(self, trainer: pl.Trainer, learner: pl.LightningModule, exception: BaseException) -> None:
        self._close()

    def _better(self, score: float) -> bool:
        if not math.isfinite(score) or "score" not in self.best:
            return math.isfinite(score)
        best: float = self.best["score"]
        return score < best if self._settings.less_is_better else score > best

    def _save(self, trainer: pl.Trainer, best: bool = False) -> None:
        content = trainer._checkpoint_connector.dump_checkpoint(weights_only=False)
        for part in ("state_dict", "optimizer_states"):
            for name, tensor in _tensors(content[part], "weights" if part == "state_dict" else "optimizer"):
                if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                    raise Diverged(
                        f"{name} holds a number that is not finite at step {trainer.global_step}: not saved. "
                        "Lower optimizer.lr, or set trainer.gradient_clip_val=1"
                    )
        if rank() == 0:
            self._folder.keep(content, best=best)
        wait()  # so that none ends, or goes on, before the state is safe
        self._saved_at = time.monotonic()

    def _write_row(self, row: dict[str, Any]) -> None:
        if self._rows is None:
            return
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(row), lineterminator="\n")
        if self._bytes == 0:
            writer.writeheader()
        writer.writerow(row)
        self._rows.write(text.getvalue().encode())
        self._bytes = self._rows.tell()

    def _log(self, trainer: pl.Trainer, values: dict[str, float], step: int) -> None:
        for logger in trainer.loggers:
            logger.log_metrics(values, step=step)

    def _close(self) -> None:
        if self._rows is not None:
            self._rows.close()
            self._rows = None


def _tensors(content: Any, name: str) -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor within, and what it is called."""
    if isinstance(content, torch.Tensor):
        yield name, content
    elif isinstance(content, dict | list):
        for key, value in content.items() if isinstance(content, dict) else enumerate(content):
            yield from _tensors(value, f"{name}.{key}")
