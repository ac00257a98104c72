"""How long, how precisely and on what a run trains: the settings of `trainer=`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from seqtrain.errors import WrongInput
from seqtrain.ranges import Count, Positive

if TYPE_CHECKING:
    import pytorch_lightning as pl

_PRECISIONS = {32: "32-true", 64: "64-true", "bf16": "bf16-mixed"}


class Training:
    """The length of a training and the machine it runs on.

    Args:
        accelerator: auto takes a GPU if there is one; gpu insists on it.
        precision: 32 or 64 bits, or bf16 for mixed precision.
        max_epochs: passes over the training set.
        max_steps: end after so many optimizer steps, if that comes first.
        gradient_clip_val: largest norm of all gradients together; null does not clip.
        accumulate_grad_batches: batches that make up one optimizer step.
        steps_per_execution: optimizer steps in one call of the training loop; changes the speed, never the result.
        check_val_every_n_epoch: epochs between validations.
        progress: show a progress bar.
    """

    def __init__(
        self,
        *,
        accelerator: Literal["auto", "cpu", "gpu"] = "auto",
        precision: Literal[32, 64, "bf16"] = 32,
        max_epochs: Count = 20,
        max_steps: Count | None = None,
        gradient_clip_val: Positive | None = None,
        accumulate_grad_batches: Count = 1,
        steps_per_execution: Count = 32,
        check_val_every_n_epoch: Count = 1,
        progress: bool = True,
    ) -> None:
        self.accelerator = accelerator
        self.precision = precision
        self.max_epochs = max_epochs
        self.max_steps = max_steps
        self.gradient_clip_val = gradient_clip_val
        self.accumulate_grad_batches = accumulate_grad_batches
        self.steps_per_execution = steps_per_execution
        self.check_val_every_n_epoch = check_val_every_n_epoch
        self.progress = progress

    def total_steps(self, steps_per_epoch: int) -> int:
        whole = self.max_epochs * steps_per_epoch
        return whole if self.max_steps is None else min(whole, self.max_steps)

    def trainer(self, folder: Path, total_steps: int, callbacks: list[Any], loggers: list[Any]) -> "pl.Trainer":
        """Lightning's Trainer. Raises WrongInput where a GPU is asked for and there is none."""
        import pytorch_lightning as pl
        import torch

        gpu = torch.cuda.is_available()
        if self.accelerator == "gpu" and not gpu:
            raise WrongInput("trainer.accelerator is gpu but no GPU is available: set trainer=auto or trainer=cpu")
        return pl.Trainer(
            accelerator="gpu" if gpu and self.accelerator != "cpu" else "cpu",
            devices=1,
            precision=_PRECISIONS[self.precision],  # type: ignore[arg-type]
            max_epochs=self.max_epochs,
            max_steps=total_steps,
            check_val_every_n_epoch=self.check_val_every_n_epoch,
            num_sanity_val_steps=0,  # it would draw from the random generators, and find nothing that a check has not
            callbacks=callbacks,
            logger=loggers,
            default_root_dir=folder,
            enable_progress_bar=False,  # ours is a callback
            enable_model_summary=False,
            use_distributed_sampler=False,
        )
