"""What Lightning is handed for one training, put together from the parts of a run and its data."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from seqtrain.assemble import assemble
from seqtrain.callbacks.averaging import Averaging
from seqtrain.callbacks.early_stopping import EarlyStopping
from seqtrain.callbacks.frozen import Frozen
from seqtrain.callbacks.progress import Progress
from seqtrain.callbacks.pruning import Behind, Pruning
from seqtrain.callbacks.record import Record
from seqtrain.checkpoints import Checkpoints
from seqtrain.divergence import most_loss
from seqtrain.errors import WrongInput
from seqtrain.graphs import Alike
from seqtrain.interruption import Interruption
from seqtrain.learner import Learner
from seqtrain.loading import Data
from seqtrain.loading.batches import PlainBatches, TrainingBatches
from seqtrain.loading.place import Place
from seqtrain.network import Network
from seqtrain.parts import Parts
from seqtrain.pretrained import Pretrained
from seqtrain.ranks import count, rank
from seqtrain.remembered import Remembered, remembered
from seqtrain.run_folder import RunFolder
from seqtrain.schedulers import Plateau
from seqtrain.sequences import Sequences
from seqtrain.training import Training

if TYPE_CHECKING:
    import pytorch_lightning as pl

log = logging.getLogger("seqtrain")


@dataclass(frozen=True)
class Fit:
    """A training that can be started: `trainer.fit(learner, batches, validating())`."""

    trainer: "pl.Trainer"
    learner: Learner
    batches: TrainingBatches
    record: Record
    data: Data
    place: Place
    chunk: int

    def validating(self) -> PlainBatches | None:
        """Batches to validate on, where there is a validation set."""
        return None if self.data.val is None else self.plain(self.data.val)

    def plain(self, sequences: Sequences) -> PlainBatches:
        """Batches to validate or test on."""
        views = self.learner.network.leaves_inputs
        return self.data.plain(sequences, chunk=self.chunk, place=self.place, views=views)


def make_fit(
    parts: Parts,
    data: Data,
    run: RunFolder,
    interruption: Interruption,
    *,
    resumed_at: int | None = None,
    pretrained: Pretrained | None = None,
    behind: Behind | None = None,
) -> Fit:
    """Put the parts together; loggers go on from the update `resumed_at`, and where it is `behind` training ends.

    Args:
        pretrained: what the network starts from.

    Raises WrongInput where parts do not fit the data or each other.
    """
    seed, training, checkpoints, task = parts.run.seed, parts.trainer(), parts.checkpoint(), parts.task()
    scores = task.scores(data.spec)
    checkpoints.check_metric(scores.names)
    steps_per_epoch = data.steps_per_epoch(training.accumulate_grad_batches)
    total_steps = training.total_steps(steps_per_epoch)
    criterion = task.criterion(data.spec, data.target_scale)
    network = assemble(parts.model, task, data, seed=seed, pretrained=pretrained)
    _tell_own_statistics(network)
    learner = Learner(
        network,
        criterion,
        scores,
        spec=data.spec,
        optimizer=parts.optimizer(),
        scheduler=parts.scheduler(),
        seed=seed,
        steps_per_epoch=steps_per_epoch,
        total_steps=total_steps,
        asked_to_stop=lambda: interruption.signum is not None,
        gradient_clip_val=training.gradient_clip_val,
        most_loss=most_loss(criterion, data.train.targets),
        alike=_alike(training, data),
        **_remembering(network, data, gpu=training.gpu),
    )
    if training.precision == 64:
        learner.double()  # Lightning does so too, but only after a checkpoint's weights were rounded to 32 bits
    if data.val is None:
        _check_needs_no_validation(parts)
    record = Record(run, checkpoints, interruption, validates=data.val is not None)
    callbacks = [_callback(recipe(), checkpoints) for recipe in parts.callbacks.values()]
    callbacks += [Averaging(training.ema_decay)] if training.ema_decay is not None else []
    callbacks += [Frozen()] if parts.run.freeze else []
    callbacks += [Progress()] if training.progress and rank() == 0 else []
    callbacks += [record] if behind is None else [record, Pruning(record, behind)]
    loggers = _loggers(parts, run, resumed_at) if rank() == 0 else []
    if training.accelerator == "auto" and not training.gpu:
        log.info("no GPU is available: this trains on the CPU")
    place = data.place(training.device, torch.float64 if training.precision == 64 else torch.float32)
    trainer = training.trainer(run.path, total_steps, callbacks, loggers)
    batches = data.training(
        seed=seed,
        accumulate=training.accumulate_grad_batches,
        chunk=training.steps_per_execution,
        total_steps=total_steps,
        position=lambda: trainer.global_step,
        only_the_end_is_left=learner.only_the_end_is_left,
        place=place,
    )
    return Fit(trainer, learner, batches, record, data, place, training.steps_per_execution)


def _remembering(network: Network, data: Data, *, gpu: bool) -> dict[str, Remembered | None]:
    """Who reads the learner's training and validation batches, where it is not the network alone."""
    if gpu:
        return {}
    changes = data.augment is not None or data.mixup is not None
    return {
        "read_training": None if changes else remembered(network, data.train),
        "read_validation": None if data.val is None else remembered(network, data.val),
    }


def _alike(training: Training, data: Data) -> Alike | None:
    """What batches have in common, where an update is to be one CUDA graph."""
    if training.cuda_graph == "never" or not training.gpu:
        return None
    unlike = {
        "an update has several batches": training.accumulate_grad_batches > 1,
        "several processes train together": count() > 1,
        "a state is carried from batch to batch": data.carries,
    }
    for reason, given in unlike.items():
        if given:
            log.info("updates are made without CUDA graphs: %s", reason)
            return None
    return Alike(data.loading.batch_size, data.train.longest)


def _check_needs_no_validation(parts: Parts) -> None:
    watching = [f"callbacks.{name}" for name, recipe in parts.callbacks.items() if recipe.cls is EarlyStopping]
    watching += ["scheduler=plateau"] if parts.scheduler.cls is Plateau else []
    if watching:
        raise WrongInput(
            f"data.val_fraction is 0, so {watching[0]} has no validation to watch: set data.val_fraction=0.1"
        )


def _tell_own_statistics(network: Network) -> None:
    """Of several processes each would take the statistics of its own part of a batch, which no error shows."""
    for name, module in network.named_modules():
        if count() > 1 and isinstance(module, _BatchNorm):
            log.warning(
                "%s is torch's %s, which sees only a process's part of a batch: seqtrain.models.norm.MaskedBatchNorm "
                "sees all of it, as with one process",
                name,
                type(module).__name__,
            )


def _callback(made: Any, checkpoints: Checkpoints) -> "pl.Callback":
    """Ours make a Lightning callback when they are told what is monitored; Lightning's are ready."""
    from pytorch_lightning import Callback

    return made if isinstance(made, Callback) else made(checkpoints)


def _loggers(parts: Parts, run: RunFolder, resumed_at: int | None) -> list[Any]:
    """Ours make a Lightning logger when they are told the folder; Lightning's are ready."""
    from pytorch_lightning.loggers import Logger

    if parts.logger is None:
        return []
    made = parts.logger()
    logger = made if isinstance(made, Logger) else made(run.path, resumed_at=resumed_at)
    return [] if logger is None else [logger]
