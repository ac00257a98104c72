"""What Lightning is handed for one training, put together from recipes and data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seqtrain.assemble import assemble
from seqtrain.callbacks.progress import Progress
from seqtrain.callbacks.record import Record
from seqtrain.interruption import Interruption
from seqtrain.learner import Learner
from seqtrain.loading import Data
from seqtrain.loading.batches import TrainingBatches
from seqtrain.recipes import Recipes
from seqtrain.run_folder import RunFolder

if TYPE_CHECKING:
    import pytorch_lightning as pl


@dataclass(frozen=True)
class Fit:
    """A training that can be started: `trainer.fit(learner, batches, …)`."""

    trainer: "pl.Trainer"
    learner: Learner
    batches: TrainingBatches
    record: Record


def make_fit(recipes: Recipes, data: Data, run: RunFolder, interruption: Interruption) -> Fit:
    """Put the parts together. Raises WrongInput where they do not fit the data or each other."""
    training, task = recipes.training, recipes.task()
    network = assemble(recipes.model, task, data, seed=recipes.seed)
    scores = task.scores(data.spec)
    recipes.checkpoints.check_metric(scores.names)
    steps_per_epoch = data.steps_per_epoch(training.accumulate_grad_batches)
    total_steps = training.total_steps(steps_per_epoch)
    learner = Learner(
        network,
        task.criterion(data.spec),
        scores,
        optimizer=recipes.optimizer(),
        scheduler=recipes.scheduler(),
        seed=recipes.seed,
        steps_per_epoch=steps_per_epoch,
        total_steps=total_steps,
        asked_to_stop=lambda: interruption.signum is not None,
        gradient_clip_val=training.gradient_clip_val,
    )
    record = Record(run, recipes.checkpoints, interruption)
    callbacks = [callback(recipes.checkpoints) for callback in recipes.callbacks()]
    if training.progress:
        callbacks.append(Progress())
    trainer = training.trainer(
        run.path, total_steps, [*callbacks, record], [logger(run.path) for logger in recipes.loggers()]
    )
    batches = data.training(
        seed=recipes.seed,
        accumulate=training.accumulate_grad_batches,
        chunk=training.steps_per_execution,
        total_steps=total_steps,
        position=lambda: trainer.global_step,
    )
    return Fit(trainer, learner, batches, record)
