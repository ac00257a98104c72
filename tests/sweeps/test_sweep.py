"""A sweep trains what is missing, goes on with what was stopped, skips what is done, and says so."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import Told

from seqtrain import training_run
from seqtrain.interruption import Interrupted
from seqtrain.run_folder import RunFolder

LINE = ("train", "-m", "model=rnn,lstm", "seed=0,1", "logger=csv", "sweep=mine")
TINY = ("data.train_size=40", "data.val_size=8", "data.test_size=8", "trainer.max_epochs=1", "trainer.progress=false")


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders of what would have been trained; the seed says how it ends."""
    folders: list[Path] = []

    def train(
        parts: Any, folder: Path, *, config: str, overrides: list[str], chosen: dict[str, str], **_: object
    ) -> dict[str, Any]:
        folders.append(folder)
        if parts.run.seed == 13:
            raise RuntimeError("the machine is on fire")
        if parts.run.seed == 15:
            raise FloatingPointError("the loss is nan at step 3")
        if parts.run.seed == 2:
            raise Interrupted(2)
        with RunFolder(folder) as run:
            run.write_config(config, overrides)
            run.write_result({"status": "completed", "metrics": {"val/loss": 0.5}, "chosen": chosen})
        return run.read_result()

    monkeypatch.setattr(training_run, "train", train)
    return folders


def test_every_combination_has_a_folder_and_the_same_line_trains_nothing(told: Told, trained: list[Path]) -> None:
    status, text = told(*LINE)
    assert status == 0
    assert [folder.name for folder in trained] == [
        f"model={model},seed={seed}" for model in ("rnn", "lstm") for seed in (0, 1)
    ]
    chosen = [RunFolder(folder).read_result()["chosen"] for folder in trained]
    assert [(each["model"], each["data"], each["logger"]) for each in chosen] == [
        (model, "sincos", "csv") for model in ("rnn", "rnn", "lstm", "lstm")
    ]
    assert {folder.parent for folder in trained} == {Path("outputs/sweeps/mine").absolute()}
    assert "4 trials, 0 completed, 0 to continue, 4 to train" in text
    assert "trial 4 of 4: model=lstm seed=1" in text
    status, text = told(*LINE)
    assert status == 0
    assert len(trained) == 4
    assert "4 trials, 4 completed, 0 to continue, 0 to train" in text
    assert re.findall(r"skip +(.+)", text) == [f"model={m} seed={s}" for m in ("rnn", "lstm") for s in (0, 1)]


def test_more_values_add_trials(told: Told, trained: list[Path]) -> None:
    assert told("train", "-m", "seed=0,1", "sweep=mine")[0] == 0
    status, text = told("train", "-m", "seed=0,1,3", "sweep=mine")
    assert status == 0
    assert "3 trials, 2 completed, 0 to continue, 1 to train" in text
    assert trained[-1].name == "seed=3"


def test_a_sweep_over_data_has_one_folder(told: Told, trained: list[Path], tmp_path: Path) -> None:
    assert told("train", "-m", "data=sincos,mel")[0] == 0
    assert [each.name.split("-")[0] for each in (tmp_path / "outputs/sweeps").iterdir()] == ["sincos+mel"]
    assert len({folder.parent for folder in trained}) == 1


def test_a_failing_trial_does_not_stop_the_others(told: Told, trained: list[Path]) -> None:
    status, text = told("train", "-m", "seed=13,15,0", "sweep=mine")
    assert status == 1
    assert len(trained) == 3
    assert "1 of 3 trials completed" in text
    closing = text[text.index("trials completed") :]
    assert re.search(r"failed +seed=13 +RuntimeError: the machine is on fire", closing)
    assert re.search(r"diverged +seed=15 +the loss is nan at step 3", closing)
    status, text = told("train", "-m", "seed=13,15,0", "sweep=mine")
    assert status == 1
    assert "3 trials, 1 completed" in text


def test_another_config_in_a_folder_is_refused_before_anything_is_trained(told: Told, trained: list[Path]) -> None:
    assert told("train", "-m", "seed=0,1", "sweep=mine")[0] == 0
    shutil.rmtree("outputs/sweeps/mine/seed=0")
    config = Path("outputs/sweeps/mine/seed=1/.hydra/config.yaml")
    config.write_text(config.read_text().replace("lr: 0.003", "lr: 0.001"))
    status, text = told("train", "-m", "seed=0,1", "sweep=mine")
    assert status == 2
    assert "seed=1 holds a run of another config (optimizer.lr: 0.001, not 0.003)" in text
    assert len(trained) == 2


def test_an_interruption_ends_the_sweep_and_says_how_to_go_on(told: Told, trained: list[Path]) -> None:
    status, text = told("train", "-m", "seed=0,2,1")
    assert status == 130
    assert len(trained) == 2
    assert "1 of 3 trials are completed; run the same line again" in text


def test_what_is_composed_at_once_is_what_hydra_composes_one_by_one(told: Told, trained: list[Path]) -> None:
    line = ("experiment=sincos_rnn,sincos_gru", "model.hidden=8,16", "data.length=20", "optimizer.lr=1e-3,1e-2")
    assert told("train", "-m", *line, "sweep=mine")[0] == 0
    for folder in trained:
        kept = (folder / ".hydra" / "config.yaml").read_text()
        overrides = [json.loads(each[2:]) for each in (folder / ".hydra" / "overrides.yaml").read_text().splitlines()]
        assert told("train", "--cfg", "job", *overrides)[1].strip() == kept.strip()
    assert len(trained) == 8


def test_a_failure_has_its_traceback_in_the_log_of_its_run(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    def burning(*_: object, **__: object) -> None:
        raise RuntimeError("the machine is on fire")

    monkeypatch.setattr(training_run, "make_fit", burning)
    status, text = told("train", "-m", "seed=0", "sweep=mine", *TINY)
    assert status == 1
    log = next(Path("outputs/sweeps/mine").glob("*/train.log"))
    assert str(log) in text
    assert "Traceback" in log.read_text()
    assert "RuntimeError: the machine is on fire" in log.read_text()
    assert json.loads(log.with_name("result.json").read_text())["status"] == "failed"
