"""How long, how precisely and on what a run trains: the settings of `trainer=`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from seqtrain.errors import WrongInput
from seqtrain.ranges import Count, Fraction, Positive

if TYPE_CHECKING:
    import pytorch_lightning as pl
    import torch

_PRECISIONS = {32: "32-true", 64: "64-true", "bf16": "bf16-mixed"}


class Training:
    """The length of a training and the machine it runs on.

    Args:
        accelerator: auto takes a GPU if there is one; gpu insists on it.
        precision: 32 or 64 bits, or bf16 for mixed precision; recurrent layers keep to 32 bits on a CPU.
        max_epochs: passes over the training set.
        max_steps: end after so many optimizer steps, if that comes first.
        gradient_clip_val: largest norm of all gradients together; null does not clip.
        ema_decay: of a moving average of the weights, such as 0.999, which is validated and kept; null: there is none.
        accumulate_grad_batches: batches that make up one optimizer step.
        steps_per_execution: optimizer steps in one call of the training loop; changes the speed, never the result.
        keep_memory: keep freed memory for the next update, where the C library is glibc: on a CPU updates with large
            activations take up to a quarter less time, and the process up to twice the memory of a training.
        check_val_every_n_epoch: epochs between validations.
        progress: show a progress bar.
        cuda_graph: whether a GPU is given an update of a whole batch as one CUDA graph: auto, where optimizer and
            model allow it, and else that is told; never asks for its kernels one by one.
        devices: processes that train together, each on a GPU or else on the CPU; a batch is divided among them.
    """

    def __init__(
        self,
        *,
        accelerator: Literal["auto", "cpu", "gpu"] = "auto",
        precision: Literal[32, 64, "bf16"] = 32,
        max_epochs: Count = 20,
        max_steps: Count | None = None,
        gradient_clip_val: Positive | None = None,
        ema_decay: Fraction | None = None,
        accumulate_grad_batches: Count = 1,
        steps_per_execution: Count = 32,
        keep_memory: bool = True,
        check_val_every_n_epoch: Count = 1,
        progress: bool = True,
        cuda_graph: Literal["auto", "never"] = "auto",
        devices: Count = 1,
    ) -> None:
        self.accelerator = accelerator
        self.precision = precision
        self.max_epochs = max_epochs
        self.max_steps = max_steps
        self.gradient_clip_val = gradient_clip_val
        self.ema_decay = ema_decay
        self.accumulate_grad_batches = accumulate_grad_batches
        self.steps_per_execution = steps_per_execution
        self.keep_memory = keep_memory
        self.check_val_every_n_epoch = check_val_every_n_epoch
        self.progress = progress
        self.cuda_graph = cuda_graph
        self.devices = devices

    @property
    def gpu(self) -> bool:
        """Whether it trains on a GPU. Raises WrongInput where one is asked for and there is none."""
        import torch

        if self.accelerator == "cpu":
            return False
        there = torch.cuda.is_available()
        if self.accelerator == "gpu" and not there:
            raise WrongInput("trainer.accelerator is gpu but no GPU is available: set trainer=auto or trainer=cpu")
        return there

    @property
    def device(self) -> "torch.device":
        """The one of this process. Raises WrongInput where it is to be a GPU and there is none."""
        import torch

        from seqtrain.ranks import local_rank

        return torch.device("cuda", local_rank() % torch.cuda.device_count()) if self.gpu else torch.device("cpu")

    def check_gpus(self) -> None:
        """Raise WrongInput where this machine has not a GPU for each process, and they are to have one."""
        import torch

        if self.gpu and self.devices > torch.cuda.device_count():
            raise WrongInput(
                f"trainer.devices is {self.devices} but this machine has {torch.cuda.device_count()} GPUs: "
                f"set trainer.devices={torch.cuda.device_count()}, or trainer.accelerator=cpu"
            )

    def check_batch(self, batch_size: int) -> None:
        """Raise WrongInput where a batch has too few sequences to be divided."""
        if self.devices > batch_size:
            raise WrongInput(
                f"trainer.devices is {self.devices} but data.batch_size is {batch_size}, which they divide among them: "
                f"set data.batch_size={self.devices} or more, or lower trainer.devices"
            )

    def total_steps(self, steps_per_epoch: int) -> int:
        whole = self.max_epochs * steps_per_epoch
        return whole if self.max_steps is None else min(whole, self.max_steps)

    def trainer(self, folder: Path, total_steps: int, callbacks: list[Any], loggers: list[Any]) -> "pl.Trainer":
        """Lightning's Trainer of this process. Raises WrongInput where a GPU is asked for and there is none."""
        import pytorch_lightning as pl
        from lightning_fabric.plugins.environments.lightning import LightningEnvironment

        made = pl.Trainer(
            accelerator="gpu" if self.gpu else "cpu",
            devices=[self.device.index] if self.gpu else 1,
            plugins=LightningEnvironment(),  # whatever started this process: Lightning sees one device
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
        # Lightning's handler of SIGTERM would end the run between two steps, unsaved and with exit status 0
        made._signal_connector.register_signal_handlers = lambda: None  # type: ignore[method-assign]
        return made
