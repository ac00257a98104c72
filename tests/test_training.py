"""What the settings of a training do, end to end on tiny data."""

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from composing import SMALL, composed, trained

from seqtrain.checkpoints import read_checkpoint
from seqtrain.datasets.sincos import SinCos
from seqtrain.divergence import Diverged
from seqtrain.errors import WrongInput
from seqtrain.parts import prepare_parts
from seqtrain.sequences import Sets
from seqtrain.training_run import train

TINY = ["model=lstm", "model.hidden=8", "data=sincos", *SMALL["sincos"], "trainer.progress=false", "logger=csv"]


def weights(folder: Path, which: str = "last") -> dict[str, torch.Tensor]:
    return read_checkpoint(folder / "checkpoints" / f"{which}.ckpt")["state_dict"]


def rows(folder: Path) -> list[dict[str, str]]:
    with open(folder / "metrics.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_folder_holds_everything_about_the_run(tmp_path: Path) -> None:
    result = trained(tmp_path, *TINY, "trainer.max_epochs=3", "logger=tensorboard")
    assert result == json.loads((tmp_path / "result.json").read_text())
    assert result["status"] == "completed"
    assert (result["epochs"], result["steps"]) == (3, 6)
    assert min(result["cpu_seconds"], result["seconds"]) > 0
    assert result["parameters"] == sum(p.numel() for p in weights(tmp_path).values())
    assert {f"{of}/{name}" for of in ("test", "val") for name in ("loss", "mse", "rmse", "mae", "r2")} == set(
        result["metrics"]
    )
    assert [row["epoch"] for row in rows(tmp_path)] == ["1", "2", "3"]
    best = min(rows(tmp_path), key=lambda row: float(row["val/loss"]))
    assert result["best"]["epoch"] == int(best["epoch"])
    assert result["metrics"]["val/loss"] == float(best["val/loss"])
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"loss_curve.png", "predicted_curves.png"}
    assert list((tmp_path / "tensorboard").glob("events.*"))
    assert (tmp_path / ".hydra" / "overrides.yaml").read_text().startswith('- "model=lstm"')


def test_without_validation_the_last_epoch_is_kept(tmp_path: Path) -> None:
    small = ["model=linear", "data=sketch", *SMALL["sketch"], "trainer.progress=false", "logger=tensorboard"]
    result = trained(tmp_path / "run", *small, "data.val_fraction=0", "trainer.max_epochs=3")
    assert result["best"]["epoch"] == 3
    assert {name.partition("/")[0] for name in result["metrics"]} == {"train", "test"}
    assert [row["val/loss"] for row in rows(tmp_path / "run")] == ["", "", ""]
    for watching in ("callbacks=early_stopping", "scheduler=plateau"):
        with pytest.raises(WrongInput, match=r"val_fraction is 0, so .* has no validation to watch"):
            trained(tmp_path / watching, *small, "data.val_fraction=0", watching)


def test_secrets_of_the_environment_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQTRAIN_DATA", "a-secret-value")
    trained(tmp_path, *TINY, "trainer.max_epochs=1", "sweep=${oc.env:SEQTRAIN_DATA}", "logger=tensorboard")
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"a-secret-value" not in path.read_bytes(), path


def test_a_folder_that_holds_a_run_is_not_written_over(tmp_path: Path) -> None:
    trained(tmp_path, *TINY, "trainer.max_epochs=1")
    with pytest.raises(WrongInput, match="already holds a run: continue it with resume="):
        trained(tmp_path, *TINY, "trainer.max_epochs=1")


def test_accumulated_batches_are_one_batch(tmp_path: Path) -> None:
    base = [*TINY, "trainer.precision=64", "trainer.max_epochs=2", "data.length_pool=1"]
    trained(tmp_path / "one", *base, "data.batch_size=20")
    trained(tmp_path / "four", *base, "data.batch_size=5", "trainer.accumulate_grad_batches=4")
    one, four = weights(tmp_path / "one"), weights(tmp_path / "four")
    for name, weight in one.items():
        assert weight.dtype == torch.float64
        torch.testing.assert_close(four[name], weight, rtol=1e-9, atol=1e-12)


def test_training_ends_at_max_steps_within_an_epoch(tmp_path: Path) -> None:
    result = trained(tmp_path, *TINY, "data.batch_size=8", "trainer.max_epochs=5", "trainer.max_steps=7")
    assert (result["steps"], result["epochs"]) == (7, 2)
    assert [row["step"] for row in rows(tmp_path)] == ["5", "7"]


def test_early_stopping_stops(tmp_path: Path) -> None:
    options = ["callbacks=early_stopping", "callbacks.early_stopping.patience=2", "optimizer.lr=1e-9"]
    options += ["callbacks.early_stopping.min_delta=1", "trainer.max_epochs=50"]
    assert trained(tmp_path, *TINY, *options)["epochs"] == 3


def test_a_plateau_lowers_the_rate(tmp_path: Path) -> None:
    options = ["scheduler=plateau", "scheduler.patience=1", "optimizer.lr=10", "trainer.max_epochs=12"]
    trained(tmp_path, *TINY, *options, "trainer.gradient_clip_val=1")
    assert float(rows(tmp_path)[-1]["lr"]) < 10


@pytest.mark.parametrize("scheduler", ["none", "one_cycle", "cosine"])
def test_the_rate_follows_the_schedule(scheduler: str, tmp_path: Path) -> None:
    trained(tmp_path, *TINY, f"scheduler={scheduler}", "trainer.max_epochs=4")
    rates = [float(row["lr"]) for row in rows(tmp_path)]
    assert rates[-1] == pytest.approx(3e-3) if scheduler == "none" else rates[-1] < 1e-3


def test_validation_every_other_epoch_leaves_cells_empty(tmp_path: Path) -> None:
    result = trained(tmp_path, *TINY, "trainer.max_epochs=4", "trainer.check_val_every_n_epoch=2")
    assert [row["val/loss"] != "" for row in rows(tmp_path)] == [False, True, False, True]
    assert result["best"]["epoch"] in (2, 4)


@pytest.mark.parametrize("model", ["rnn", "lstm", "gru"])
def test_bf16_trains(model: str, tmp_path: Path) -> None:
    options = [*TINY, f"model={model}", "trainer.precision=bf16", "trainer.max_epochs=1"]
    assert math.isfinite(trained(tmp_path, *options)["metrics"]["test/mse"])


def test_a_loss_that_explodes_ends_a_training_before_anything_is_saved(tmp_path: Path) -> None:
    options = ["model=linear", "optimizer=sgd", "optimizer.lr=1e9", "scheduler=none", "trainer.max_epochs=50"]
    with pytest.raises(Diverged, match=r"the loss is (inf|nan|\d\S+) at step \d+, epoch \d+.*lower optimizer\.lr"):
        trained(tmp_path, *TINY[2:], *options)
    assert json.loads((tmp_path / "result.json").read_text())["status"] == "diverged"
    assert not list((tmp_path / "checkpoints").glob("*.ckpt"))


def test_a_number_that_is_none_is_found_in_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = SinCos.load

    def poisoned(self: SinCos, seed: int) -> Sets:
        sets = original(self, seed)
        sets.train.steps[7 * 50 + 3] = torch.nan
        return sets

    monkeypatch.setattr(SinCos, "load", poisoned)
    with pytest.raises(Diverged, match=r"training sequences \[7\]: its inputs are not finite"):
        trained(tmp_path, *TINY, "trainer.max_epochs=1")


def test_the_task_must_fit_the_data(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="task is classification but the data has values at every step"):
        trained(tmp_path, *TINY, "task=classification")
    assert not (tmp_path / "result.json").exists(), "what needs no data is told before a run begins"


def test_a_metric_to_monitor_must_exist(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match=r"checkpoint\.monitor is 'val/accuracy'"):
        trained(tmp_path, *TINY, "checkpoint.monitor=val/accuracy")


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("no_gpu")
def test_a_gpu_that_is_not_there_is_said(tmp_path: Path, told: Callable[..., tuple[int, str]]) -> None:
    with pytest.raises(WrongInput, match=r"trainer\.accelerator is gpu but no GPU is available"):
        trained(tmp_path / "run", *TINY, "trainer=gpu")
    status, said = told("train", *TINY, "trainer=gpu")
    assert status == 2
    assert "trainer.accelerator is gpu but no GPU is available: set trainer=auto or trainer=cpu" in said


@pytest.mark.usefixtures("no_gpu")
def test_where_there_is_no_gpu_auto_says_so(tmp_path: Path) -> None:
    trained(tmp_path, *TINY, "trainer=auto", "trainer.progress=false", "trainer.max_epochs=1")
    assert "no GPU is available: this trains on the CPU" in (tmp_path / "train.log").read_text()


def test_the_last_epoch_is_always_validated(tmp_path: Path) -> None:
    trained(tmp_path, *TINY, "trainer.max_epochs=3", "trainer.check_val_every_n_epoch=2")
    assert [row["val/loss"] != "" for row in rows(tmp_path)] == [False, True, True]


def test_a_plateau_watches_a_metric_of_which_more_is_better(tmp_path: Path) -> None:
    options = ["scheduler=plateau", "scheduler.patience=1", "checkpoint.monitor=val/r2", "trainer.max_epochs=8"]
    trained(tmp_path, *TINY, *options)
    scores = [float(row["val/r2"]) for row in rows(tmp_path)]
    assert scores == sorted(scores), "this run gets better at every epoch"
    assert {float(row["lr"]) for row in rows(tmp_path)} == {3e-3}


def test_other_data_is_refused_when_a_run_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_after(monkeypatch, step=3)
    with pytest.raises(KeyError):
        trained(tmp_path, *TINY, "trainer.max_epochs=4")
    monkeypatch.undo()
    other = composed(*TINY, "trainer.max_epochs=4", "data.length=30")
    with pytest.raises(WrongInput, match=r"other shortest, longest"):
        train(prepare_parts(other), tmp_path, config="", overrides=[], resume=True)


def test_a_kill_between_the_two_checkpoints_of_an_epoch_loses_nothing(tmp_path: Path) -> None:
    trained(tmp_path / "whole", *TINY, "trainer.max_epochs=3")
    trained(tmp_path / "cut", *TINY, "trainer.max_epochs=3")
    (tmp_path / "cut" / "checkpoints" / "best.ckpt").unlink()
    config = composed(*TINY, "trainer.max_epochs=3")
    result = train(prepare_parts(config), tmp_path / "cut", config="", overrides=[], resume=True)
    assert result["metrics"] == json.loads((tmp_path / "whole" / "result.json").read_text())["metrics"]


@pytest.mark.parametrize("precision", [32, 64])
def test_a_run_that_is_resumed_ends_with_the_same_bits(
    precision: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = [
        *TINY,
        f"trainer.precision={precision}",
        "model.num_layers=2",
        "model.dropout=0.3",
        "data.batch_size=8",
        "trainer.max_epochs=4",
    ]
    trained(tmp_path / "whole", *options)
    stop_after(monkeypatch, step=12)
    with pytest.raises(KeyError):
        trained(tmp_path / "cut", *options)
    monkeypatch.undo()
    config = composed(*options)
    result = train(prepare_parts(config), tmp_path / "cut", config="", overrides=[], resume=True)
    assert result["status"] == "completed"
    assert (tmp_path / "cut" / "metrics.csv").read_text() == (tmp_path / "whole" / "metrics.csv").read_text()
    for which in ("last", "best"):
        whole, cut = weights(tmp_path / "whole", which), weights(tmp_path / "cut", which)
        assert all(torch.equal(whole[name], cut[name]) for name in whole)


def stop_after(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    from seqtrain.learner import Learner

    original = Learner._step

    def limited(self: Learner, group: object, *more: object) -> float:
        if self.trainer.global_step == step:
            raise KeyError("as if the machine had failed")
        return original(self, group, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(Learner, "_step", limited)
