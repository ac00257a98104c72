"""The one LightningModule: several optimizer steps in each call, exact after any interruption.

Lightning calls `training_step` with a chunk: groups of batches, each group one optimizer step. That, manual
optimization and a position computed from `global_step` make a run cheap and its continuation exact:
docs/architecture.md says how. The few names of Lightning's loops that are not public are in `on_fit_start`.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.optim import Optimizer

from seqtrain.batch import Batch, Spec, spec_to_plain
from seqtrain.carried import Carried
from seqtrain.criteria import Criterion
from seqtrain.divergence import BadUpdate, diverged
from seqtrain.errors import WrongInput
from seqtrain.graphs import Alike
from seqtrain.heap import give_back
from seqtrain.loading.batches import TrainingBatches
from seqtrain.loading.chunk import Chunk, Group
from seqtrain.metrics import Scores
from seqtrain.network import Network
from seqtrain.queued import QueuedUpdates
from seqtrain.ranks import count, gathered, same_everywhere
from seqtrain.suited import suit
from seqtrain.sums import Sums
from seqtrain.update import Update

if TYPE_CHECKING:
    from seqtrain.schedulers import Scheduler


class Learner(pl.LightningModule):
    """Trains a network on chunks of batches.

    Args:
        network: maps (inputs, lengths) to predictions.
        criterion: the task's loss, as a sum and a weight.
        scores: the task's metrics, as sums.
        spec: what the data says of itself; kept in checkpoints, so that a model can be used without its data.
        optimizer: makes the optimizer of the network's parameters.
        scheduler: makes the learning rate's schedule of an optimizer and the total of its steps, or None.
        seed: what dropout's randomness is keyed by, with the step.
        steps_per_epoch: optimizer steps of one epoch.
        total_steps: optimizer steps of the whole training.
        asked_to_stop: whether this process was; looked at before every step, so that a chunk ends early.
        gradient_clip_val: largest norm of all gradients together, or None.
        most_loss: the mean loss of an update above which the training has exploded.
        alike: what whole batches have in common, where updates on a GPU are to be CUDA graphs.
        read_training: what the network predicts for a training batch; None: as for any other.
        read_validation: likewise for a validation batch.
    """

    def __init__(
        self,
        network: Network,
        criterion: Criterion,
        scores: Scores,
        *,
        spec: Spec,
        optimizer: Callable[[Any], Optimizer],
        scheduler: "Scheduler",
        seed: int,
        steps_per_epoch: int,
        total_steps: int,
        asked_to_stop: Callable[[], bool] = lambda: False,
        gradient_clip_val: float | None = None,
        most_loss: float = math.inf,
        alike: Alike | None = None,
        read_training: Callable[[Batch], Tensor] | None = None,
        read_validation: Callable[[Batch], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.network = network
        self._read = Carried(network)
        self._read_training = read_training or self._read
        self._read_validation = read_validation or self._read
        self.criterion = criterion
        self.scores = scores
        self.spec = spec
        self.train_sums = Sums(scores.zero())
        self.eval_sums = Sums(scores.zero())
        self.last_loss = math.nan
        self.updates_in_call = 0  # fewer than the chunk has where someone asked to stop
        self.steps_per_epoch = steps_per_epoch
        self.total_steps = total_steps
        self._asked_to_stop = asked_to_stop
        self.watch: Callable[[Batch, Tensor], None] | None = None  # sees every batch of an evaluation and its outputs
        self.after_update: Callable[[int], None] | None = None  # is told how many updates were made
        self._make_optimizer = optimizer
        self._make_scheduler = scheduler
        self._interval = getattr(scheduler, "interval", "step")
        self._seed = seed
        self._clip = gradient_clip_val
        self._most_loss = most_loss
        self._alike = alike
        self._resumed: dict[str, Any] | None = None

    def configure_optimizers(self) -> Any:
        try:
            optimizer = self._make_optimizer(self.network.parameters())
        except ValueError as error:  # torch's own optimizers check their settings only now
            raise WrongInput(f"optimizer: {error}") from error
        scheduler = self._make_scheduler(optimizer, self.total_steps)
        return optimizer if scheduler is None else ([optimizer], [scheduler])

    def on_train_start(self) -> None:
        wrapped = self.optimizers()
        assert not isinstance(wrapped, list)
        self._optimizer = wrapped.optimizer  # the bare one: Lightning's wrapper costs 20 µs a step
        self._scheduler = self.lr_schedulers()
        suit(self._optimizer, self.device)
        self._update = self._updates()
        same_everywhere(self.network.state_dict().values())

    def _updates(self) -> Update | QueuedUpdates:
        parts = (self.network, self.criterion, self.scores, self._optimizer)
        how: dict[str, Any] = {"read": self._read_training, "device": self.device, "seed": self._seed}
        how |= {"clip": self._clip, "most_loss": self._most_loss}
        if self.device.type == "cpu" or count() > 1:  # several learn of each other with every update
            return Update(*parts, **how, asked_to_stop=self._asked_to_stop)
        return QueuedUpdates(*parts, **how, alike=self._alike)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        return batch  # the loader has brought it there

    def training_step(self, chunk: Chunk, _: int) -> None:
        self.updates_in_call = 0
        if not chunk:  # all that is left of the epoch is its end
            return
        for group, weights in self._update.weighed(chunk):
            if self._update.someone_asked or (count() == 1 and self._asked_to_stop()):
                break
            self._step(group, weights)
            self.updates_in_call += 1
        if self.updates_in_call:
            self.last_loss = self._settled()
            give_back()

    def learning_rate(self) -> float:
        return float(self._optimizer.param_groups[0]["lr"])

    def epoch_loss(self) -> float:
        """The mean of the epoch so far, of what this process computed; nan before the first update."""
        return self.train_sums.mean_loss()

    def epoch_is_complete(self) -> bool:
        step = self.trainer.global_step
        return step % self.steps_per_epoch == 0 or step == self.total_steps

    def only_the_end_is_left(self) -> bool:
        """Whether every update of the epoch is made and its end, with the validation, has not come."""
        return self.epoch_is_complete() and self.current_epoch * self.steps_per_epoch < self.trainer.global_step

    def _step(self, group: Group, weights: Any) -> float | Tensor:
        """One update of a group of batches; its loss, which on a GPU is not waited for."""
        step = self.trainer.global_step
        try:
            loss = self._update(group, weights, self.train_sums, step=step)
        except BadUpdate as found:
            raise diverged(found, group, step=step, steps_per_epoch=self.steps_per_epoch) from None
        self._made_steps.increment_by(1)
        if self.after_update is not None:
            self.after_update(step + 1)
        if self._scheduler is not None and self._interval == "step":
            self._scheduler.step()  # type: ignore[union-attr]
        return loss

    def _settled(self) -> float:
        """The loss of the last update of this call, when all of them are made."""
        try:
            return self._update.settle(self.train_sums)
        except BadUpdate as found:
            step = self.trainer.global_step - self.updates_in_call + found.update
            batches: TrainingBatches = self.trainer.train_dataloader  # type: ignore[assignment]
            raise diverged(found, batches.group(step), step=step, steps_per_epoch=self.steps_per_epoch) from None

    def validation_step(self, chunk: list[Batch], index: int) -> None:
        self._evaluate(chunk, self._read_validation)

    def test_step(self, chunk: list[Batch], index: int) -> None:
        self._evaluate(chunk, self._read)

    def _evaluate(self, chunk: list[Batch], read: Callable[[Batch], Tensor]) -> None:
        for batch in chunk:
            if batch.stands_in:
                continue
            outputs = read(batch)
            total = self.criterion(outputs, batch)
            self.eval_sums.add(total, self.criterion.weight(batch), self.scores.measure(outputs, batch))
            if self.watch is not None:
                self.watch(batch, outputs)
        give_back()

    def on_validation_epoch_start(self) -> None:
        self.eval_sums.clear()

    on_test_epoch_start = on_validation_epoch_start

    def on_validation_epoch_end(self) -> None:
        self.eval_sums = self.eval_sums.over_ranks()
        self._log_metrics("val")

    def on_test_epoch_end(self) -> None:
        self.eval_sums = self.eval_sums.over_ranks()
        self._log_metrics("test")

    def _log_metrics(self, of: str) -> None:
        # Not to the loggers: Lightning would count chunks on their x-axis. The run's record logs by step.
        self.log_dict(metrics(of, self.eval_sums, self.scores), logger=False)

    def step_scheduler_by_epoch(self, monitored: float) -> None:
        """Schedules that look at a metric move here, once an epoch."""
        if self._scheduler is not None and self._interval == "epoch":
            self._scheduler.step(monitored)  # type: ignore[union-attr, arg-type]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint.pop("loops")  # Lightning's own restart repeats epoch ends and miscounts a changed chunk
        checkpoint["seqtrain"] = {
            "step": self.trainer.global_step,
            "epoch": self.trainer.fit_loop.epoch_progress.current.processed,  # type: ignore[attr-defined]
            "train_sums": gathered(self.train_sums.state()),
            "carried": self._read.states(),
            "spec": spec_to_plain(self.spec),
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self._resumed = checkpoint["seqtrain"]
        self.train_sums.restore(self._resumed["train_sums"])
        self._read.restore(self._resumed.get("carried", []))

    def on_fit_start(self) -> None:
        """Put step and epoch back by hand, before the training batches ask for the position."""
        fit = self.trainer.fit_loop
        self._made_steps = fit.epoch_loop.manual_optimization.optim_step_progress
        if self._resumed is not None:
            for epochs in (fit.epoch_progress.total, fit.epoch_progress.current):
                for count in ("ready", "started", "processed", "completed"):
                    setattr(epochs, count, self._resumed["epoch"])
            self._made_steps.total.ready = self._made_steps.total.completed = self._resumed["step"]
        if self.only_the_end_is_left():  # else Lightning would take the training for done
            fit.epoch_loop.max_steps = self.total_steps + 1

    def on_train_epoch_end(self) -> None:
        self.trainer.fit_loop.epoch_loop.max_steps = self.total_steps


def metrics(of: str, sums: Sums, scores: Scores) -> dict[str, float]:
    """The loss and metrics of summed batches, named `of`/loss and so on."""
    values = {"loss": sums.mean_loss()} | scores.summary(sums.scores)
    return {f"{of}/{name}": value for name, value in values.items()}
