"""Where a run's curves, figures and settings go besides its folder: TensorBoard, MLflow, Weights & Biases.

Each class holds the settings of one `logger=` and makes Lightning's logger for a run's folder when it is
called. Nothing here talks to the network. The libraries are imported by the call, so that settings are
checked first.
"""

import os
import secrets
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from seqtrain.errors import WrongInput
from seqtrain.ranges import Count

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger

Setting = str | float | int | bool


class TensorBoard:
    """Curves, figures and a row of the HParams tab, in `tensorboard/` of the run folder.

    Training and validation loss share one chart of the Custom Scalars tab.

    Args:
        flush_secs: seconds until what was logged reaches the disk.
    """

    def __init__(self, *, flush_secs: Count = 10) -> None:
        self.flush_secs = flush_secs

    def __call__(self, folder: Path, *, resumed_at: int | None = None) -> "Logger":
        """The logger of a run; `resumed_at` is the update from which on earlier curves are to be forgotten."""
        from pytorch_lightning.loggers import TensorBoardLogger

        logger = TensorBoardLogger(
            folder / "tensorboard",
            name="",
            version="",
            default_hp_metric=False,
            flush_secs=self.flush_secs,
            purge_step=None if resumed_at is None else resumed_at + 1,
        )
        # Lightning's would leave an empty hparams.yaml beside the run's own config
        logger.save = logger.experiment.flush  # type: ignore[method-assign]
        logger.experiment.add_custom_scalars({"Loss": {"train vs val": ["Multiline", ["train/loss", "val/loss"]]}})
        return logger


class Csv:
    """Nothing but metrics.csv, which every run writes in its folder."""

    def __call__(self, folder: Path, *, resumed_at: int | None = None) -> None:
        return None


class MLflow:
    """An MLflow store on this machine: `mlflow ui --backend-store-uri sqlite:///outputs/mlruns/mlflow.db`.

    Raises WrongInput if mlflow is not installed.

    Args:
        experiment: under which name MLflow lists the runs.
        store: folder of its database and of the figures, shared by all runs.
    """

    def __init__(self, *, experiment: str = "seqtrain", store: str = "outputs/mlruns") -> None:
        _need("mlflow", "mlflow")
        _need("mlflow", "sqlalchemy")  # MLflow no longer opens a store of mere files
        _need("mlflow", "alembic")
        self.experiment = experiment
        self.store = store

    def __call__(self, folder: Path, *, resumed_at: int | None = None) -> "Logger":
        import logging

        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        # it reports each of forty steps in which it makes its tables
        os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
        logging.getLogger("pytorch_lightning.loggers.mlflow").setLevel(logging.ERROR)  # "Creating it."
        from pytorch_lightning.loggers import MLFlowLogger

        store = Path(self.store).absolute()
        store.mkdir(parents=True, exist_ok=True)
        kept = folder / "mlflow_run_id.txt"
        logger = MLFlowLogger(
            experiment_name=self.experiment,
            run_name=folder.name,
            run_id=kept.read_text() if resumed_at is not None and kept.is_file() else None,
            tracking_uri=f"sqlite:///{store / 'mlflow.db'}",
            artifact_location=(store / "artifacts").as_uri(),
        )
        kept.write_text(logger.run_id or "")
        return logger


class WandB:
    """Weights & Biases without its server: `wandb sync RUN/wandb/offline-*` sends a run there when you want.

    Raises WrongInput if wandb is not installed.

    Args:
        project: under which name Weights & Biases lists the runs.
    """

    def __init__(self, *, project: str = "seqtrain") -> None:
        _need("wandb", "wandb")
        self.project = project

    def __call__(self, folder: Path, *, resumed_at: int | None = None) -> "Logger":
        os.environ.setdefault("WANDB_SILENT", "true")
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        import wandb
        from pytorch_lightning.loggers import WandbLogger

        kept = folder / "wandb_run_id.txt"
        resumed = resumed_at is not None and kept.is_file()
        run_id = kept.read_text() if resumed else secrets.token_hex(4)
        kept.write_text(run_id)
        run = wandb.init(
            project=self.project,
            name=folder.name,
            dir=folder,
            id=run_id,
            mode="offline",
            settings=wandb.Settings(silent=True, console="off", reinit="finish_previous"),
        )
        run.define_metric("trainer/global_step")  # what Lightning's logger calls the update
        run.define_metric("*", step_metric="trainer/global_step", step_sync=True)
        return WandbLogger(experiment=run)


def log_hparams(logger: "Logger", settings: Mapping[str, Setting], metrics: Mapping[str, float], *, step: int) -> None:
    """Tell a logger the settings of a finished run beside its final metrics, which become scalars at `step`.

    Those of the validation set have a curve already, of which the best is not the last point: they are called
    `val_best/…` here. Of all metrics the HParams tab shows the first five unasked, by name: so they are to come
    after those of the test set.

    TensorBoard's HParams tab takes its columns from the first run that describes an experiment, and would
    show no others; without any such description it shows the union over all runs. So only the beginning
    and the end of the session are written.
    """
    from pytorch_lightning.loggers import MLFlowLogger, TensorBoardLogger

    final = {
        "val_best/" + name.removeprefix("val/") if name.startswith("val/") else name: value
        for name, value in metrics.items()
    }
    logger.log_metrics(final, step)
    if isinstance(logger, TensorBoardLogger):
        from torch.utils.tensorboard.summary import hparams

        # torch would write True as 1
        shown = {name: str(value) if isinstance(value, bool) else value for name, value in settings.items()}
        _, start, end = hparams(shown, final)  # type: ignore[no-untyped-call]
        events = logger.experiment._get_file_writer()
        events.add_summary(start)
        events.add_summary(end)
        logger.experiment.flush()
        return
    known: Mapping[str, str] = {}
    if isinstance(logger, MLFlowLogger):  # a resumed run: MLflow refuses to change a setting
        known = logger.experiment.get_run(logger.run_id).data.params
    logger.log_hyperparams({name: value for name, value in settings.items() if name not in known})


def log_figure(logger: "Logger", name: str, file: Path, size: tuple[int, int], *, step: int) -> None:
    """Show a figure, a PNG file of `size` (width, height) pixels, as `figures/NAME` in a logger."""
    from pytorch_lightning.loggers import MLFlowLogger, TensorBoardLogger, WandbLogger

    if isinstance(logger, TensorBoardLogger):
        from tensorboard.compat.proto.summary_pb2 import Summary

        image = Summary.Image(width=size[0], height=size[1], colorspace=3, encoded_image_string=file.read_bytes())
        summary = Summary(value=[Summary.Value(tag=f"figures/{name}", image=image)])
        logger.experiment._get_file_writer().add_summary(summary, step)  # add_image would encode the pixels again
    elif isinstance(logger, MLFlowLogger):
        logger.experiment.log_artifact(logger.run_id, str(file), "figures")
    elif isinstance(logger, WandbLogger):
        logger.log_image(f"figures/{name}", [str(file)], step)


def _need(logger: str, module: str) -> None:
    if find_spec(module) is None:
        raise WrongInput(f"logger={logger} needs {module}: pip install 'seqtrain[{logger}]'")
