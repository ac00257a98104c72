import importlib.util
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pytorch_lightning.loggers import Logger, TensorBoardLogger

from seqtrain import loggers
from seqtrain.errors import WrongInput
from seqtrain.loggers import Csv, MLflow, TensorBoard, WandB, log_figure, log_hparams


def events(folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(str(folder / "tensorboard")).Reload()


def started(folder: Path, resumed_at: int | None = None) -> Logger:
    return TensorBoard()(folder, resumed_at=resumed_at)


def test_train_and_validation_loss_share_a_chart(tmp_path: Path) -> None:
    from tensorboard.plugins.custom_scalar import layout_pb2

    started(tmp_path).finalize("success")
    data = events(tmp_path).summary_metadata["custom_scalars__config__"]
    assert data.plugin_data.plugin_name == "custom_scalars"
    layout = layout_pb2.Layout.FromString(
        events(tmp_path).Tensors("custom_scalars__config__")[0].tensor_proto.string_val[0]
    )
    assert [list(chart.multiline.tag) for chart in layout.category[0].chart] == [["train/loss", "val/loss"]]


def test_the_folder_holds_events_and_nothing_else(tmp_path: Path) -> None:
    started(tmp_path).finalize("success")
    assert all(file.name.startswith("events.out.tfevents") for file in (tmp_path / "tensorboard").iterdir())


def test_a_resumed_run_continues_its_curves_and_forgets_what_it_repeats(tmp_path: Path) -> None:
    for resumed_at, steps, loss in ((None, range(5), 1.0), (3, range(4, 7), 2.0)):
        logger = started(tmp_path, resumed_at)
        for step in steps:
            logger.log_metrics({"train/loss": loss}, step)
        logger.finalize("success")
    points = [(point.step, point.value) for point in events(tmp_path).Scalars("train/loss")]
    assert points == [(0, 1.0), (1, 1.0), (2, 1.0), (3, 1.0), (4, 2.0), (5, 2.0), (6, 2.0)]


def test_hparams_are_a_session_without_an_experiment_so_that_the_table_shows_the_union(tmp_path: Path) -> None:
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    logger = started(tmp_path)
    settings = {"model": "lstm", "optimizer.lr": 0.01, "model.hidden": 32, "model.bidirectional": False}
    logger.log_metrics({"val/mse": 0.3}, 70)
    log_hparams(logger, settings, {"test/mse": 0.5, "val/mse": 0.2}, step=70)
    logger.finalize("success")
    found = events(tmp_path)
    data = {tag: meta.plugin_data for tag, meta in found.summary_metadata.items() if tag.startswith("_hparams_")}
    assert sorted(data) == ["_hparams_/session_end_info", "_hparams_/session_start_info"]
    start = HParamsPluginData.FromString(data["_hparams_/session_start_info"].content).session_start_info.hparams
    assert start["model"].string_value == "lstm"
    assert start["model.bidirectional"].string_value == "False"
    assert start["model.hidden"].number_value == 32
    scalars = {
        tag: [(point.step, round(point.value, 6)) for point in found.Scalars(tag)] for tag in found.scalars.Keys()
    }
    assert scalars == {"test/mse": [(70, 0.5)], "val/mse": [(70, 0.3)], "val_best/mse": [(70, 0.2)]}


def test_tensorboard_shows_a_figure(tmp_path: Path) -> None:
    logger, file = started(tmp_path), tmp_path / "confusion.png"
    Image.new("RGB", (30, 20)).save(file)
    log_figure(logger, "confusion", file, (30, 20), step=9)
    logger.finalize("success")
    image = events(tmp_path).Images("figures/confusion")[0]
    assert (image.step, image.height, image.width) == (9, 20, 30)
    assert image.encoded_image_string == file.read_bytes()


def test_csv_adds_nothing_to_what_every_run_writes(tmp_path: Path) -> None:
    assert Csv()(tmp_path) is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("make", "message"), [(MLflow, "logger=mlflow needs mlflow"), (WandB, "logger=wandb needs wandb")]
)
def test_a_missing_package_is_named_with_its_remedy(make: type, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loggers, "find_spec", lambda name: None)
    with pytest.raises(WrongInput, match=message) as caught:
        make()
    assert f"pip install 'seqtrain[{make.__name__.lower()}]'" in str(caught.value)


@pytest.mark.filterwarnings("ignore")  # what these packages and theirs warn of is not ours to mend
@pytest.mark.parametrize(("make", "package"), [(MLflow, "mlflow"), (WandB, "wandb")])
def test_offline_loggers_keep_a_run_on_this_machine_and_continue_it(
    make: type, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if any(importlib.util.find_spec(name) is None for name in (package, *(["alembic"] if package == "mlflow" else []))):
        pytest.skip(f"needs {package}")
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "run"
    folder.mkdir()
    versions = []
    for resumed_at in (None, 3):
        logger = make()(folder, resumed_at=resumed_at)
        logger.log_metrics({"train/loss": 1.0}, 3)
        log_hparams(logger, {"model": "lstm", "trainer.max_epochs": resumed_at or 1}, {"test/mse": 0.5}, step=7)
        logger.finalize("success")
        versions.append(logger.version)
    assert versions[0] == versions[1]
    assert isinstance(logger, Logger)
    assert not isinstance(logger, TensorBoardLogger)
