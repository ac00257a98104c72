"""Runs and sweeps: what is started, where, and how it ends."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Told
from omegaconf import DictConfig

from seqtrain.commands import main, train
from seqtrain.errors import WrongInput
from seqtrain.interruption import Interrupted

ROOT = Path(__file__).parents[2]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[DictConfig, Path, list[str]]]:
    """What would have been trained."""
    calls: list[tuple[DictConfig, Path, list[str]]] = []

    def run(config: DictConfig, folder: Path, overrides: list[str], chosen: dict[str, str]) -> dict[str, Any]:
        calls.append((config, folder, overrides))
        if config.seed == 13:
            raise RuntimeError("the machine is on fire")
        if config.seed == 14:
            raise WrongInput("data.folder is x: it has no files")
        if config.seed == 15:
            raise FloatingPointError("the loss is nan at step 3")
        if config.seed == 2:
            raise Interrupted(2)
        return {"metrics": {"val/loss": 0.5}}

    monkeypatch.setattr(train, "run", run)
    return calls


def test_a_run_has_a_folder_of_its_own(told, started) -> None:  # type: ignore[no-untyped-def]
    assert told("train", "model=gru", "trainer.max_epochs=3") == (0, "")
    assert told("train", "model=gru") == (0, "")
    (config, folder, overrides), (_, other, _) = started
    assert config.trainer.max_epochs == 3
    assert "hydra" not in config
    assert overrides == ["model=gru", "trainer.max_epochs=3"]
    assert folder != other
    assert re.fullmatch(
        r"outputs/runs/sincos-gru/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d-\d{6}", str(folder.relative_to(Path.cwd()))
    )


def test_a_run_that_is_refused_leaves_nothing_behind(told, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    refused = ("train", "data=audio_folder", "data.folder=nowhere")
    status, text = told(*refused)
    assert (status, "nowhere" in text) == (2, True)
    assert not list(tmp_path.glob("outputs/runs/*/*"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    assert told(*refused, "hydra.run.dir=mine")[0] == 2
    assert (tmp_path / "mine" / "notes.txt").exists()
    assert json.loads((tmp_path / "mine" / "result.json").read_text())["status"] == "failed"


def test_the_folder_of_a_run_can_be_named(told, started, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert told("train", "hydra.run.dir=here/it is") == (0, "")
    assert started[0][1] == tmp_path / "here/it is"
    assert not list(tmp_path.glob("**/.hydra")) + list(tmp_path.glob("**/*.log"))


def test_a_folder_that_cannot_be_made_is_told_before_training(told, started, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "outputs").write_text("a file, and no folder")
    for words, key in ((["seed=0"], "hydra.run.dir"), (["-m", "seed=0,1"], "hydra.sweep.dir")):
        status, text = told("train", *words)
        assert status == 2
        assert text.startswith("cannot write to outputs/")
        assert key in text
    assert not started


def test_the_working_folder_stays(told, started, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    told("train")
    assert Path.cwd() == tmp_path


@pytest.mark.parametrize(("seed", "status"), [(0, 0), (13, 1), (14, 2), (15, 1), (2, 130)])
def test_the_exit_status_says_how_it_ended(told, started, seed: int, status: int) -> None:  # type: ignore[no-untyped-def]
    ended, text = told("train", f"seed={seed}")
    assert ended == status
    assert ("Traceback" in text) == (seed == 13)


def test_the_users_own_configs_and_classes(told, started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    package = tmp_path / "mypkg_for_trust"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "models.py").write_text(
        "from torch import nn\n\n\nclass Mine(nn.Module):\n"
        "    def __init__(self, in_features: int, *, width: int = 3) -> None:\n        super().__init__()\n"
    )
    configs = tmp_path / "my configs"
    (configs / "model").mkdir(parents=True)
    (configs / "model" / "mine.yaml").write_text("# Mine\n_target_: mypkg_for_trust.models.Mine\nwidth: 3\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
    folder = ["--config-dir", "my configs", "model=mine"]
    status, text = told("train", *folder)
    assert status == 2
    assert "--trust mypkg_for_trust" in text
    assert told("train", *folder, "--trust", "mypkg_for_trust") == (0, "")
    assert started[0][0].model.width == 3
    assert told("train", *folder, "--trust=mypkg_for_trust", "model.width=abc")[0] == 2
    assert "mine" in told("list", "model", "--config-dir", "my configs")[1]
    (configs / "model" / "lstm.yaml").write_text("_target_: mypkg_for_trust.models.Mine\n")
    assert "rename it" in told("train", *folder)[1]


HYDRA_RUNS = {
    "callbacks": "hydra: {callbacks: {evil: {_target_: evil_callback.Evil}}}",
    "job_logging": "hydra: {job_logging: {handlers: {x: {class: logging.FileHandler, filename: MARK}}}}",
    "hydra_logging": "hydra: {hydra_logging: {handlers: {x: {class: logging.FileHandler, filename: MARK}}}}",
    "env_set": "hydra: {job: {env_set: {SEQTRAIN_TRUST: os}}}",
    "launcher": "hydra: {launcher: {_target_: evil_callback.Evil}}",
    "sweeper": "hydra: {sweeper: {_target_: evil_callback.Evil}}",
    "searchpath": "hydra: {searchpath: ['pkg://evil_callback']}",
    "a list of defaults": "defaults: [{override /hydra/launcher: evil}]",
    "a callback of a group": "defaults: [{/hydra/callbacks: [evil]}]",
}


@pytest.mark.parametrize("name", HYDRA_RUNS)
@pytest.mark.parametrize("sweep", [False, True])
def test_what_hydra_would_run_is_refused_in_a_config(
    name: str, sweep: bool, told, started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # type: ignore[no-untyped-def]
) -> None:  # fmt: skip
    mark = tmp_path / "mark"
    (tmp_path / "evil_callback.py").write_text(f"open({str(mark)!r}, 'w').close()\n\nclass Evil: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    experiments = tmp_path / "configs" / "experiment"
    experiments.mkdir(parents=True)
    text = HYDRA_RUNS[name].replace("MARK", str(mark))
    (experiments / "downloaded.yaml").write_text(f"# @package _global_\n{text}\n")
    for group in ("launcher", "callbacks"):
        (tmp_path / "configs" / "hydra" / group).mkdir(parents=True)
        node = "evil:\n  _target_: evil_callback.Evil\n" if group == "callbacks" else "_target_: evil_callback.Evil\n"
        (tmp_path / "configs" / "hydra" / group / "evil.yaml").write_text(f"# @package hydra.{group}\n{node}")
    words = ["-m", "experiment=sincos_rnn,downloaded"] if sweep else ["experiment=downloaded"]
    status, said = told("train", "--config-dir", "configs", *words)
    assert status == 2
    assert "hydra." in said
    assert "--trust" in said or name == "searchpath"  # which Hydra refuses by itself
    assert not mark.exists()
    assert not started


@pytest.mark.parametrize("name", HYDRA_RUNS)
@pytest.mark.parametrize(
    "flag", [["--cfg", "job"], ["--cfg", "all", "--resolve"], ["--hydra-help"], ["--info"], ["--help"]]
)
def test_nothing_runs_where_a_config_is_only_shown(
    name: str, flag: list[str], told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # type: ignore[no-untyped-def]
) -> None:  # fmt: skip
    mark = tmp_path / "mark"
    (tmp_path / "evil_callback.py").write_text(f"open({str(mark)!r}, 'w').close()\n\nclass Evil: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    experiments = tmp_path / "configs" / "experiment"
    experiments.mkdir(parents=True)
    text = HYDRA_RUNS[name].replace("MARK", str(mark))
    (experiments / "downloaded.yaml").write_text(f"# @package _global_\n{text}\n")
    told("train", "--config-dir", "configs", "experiment=downloaded", *flag)
    assert not mark.exists()
    assert "evil_callback" not in sys.modules


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("+hydra.job.env_set.MY_VARIABLE=3", "it reads hydra.run.dir"),
        ("hydra/launcher=basic", "use launcher=processes"),
        ("hydra/sweeper=basic", "use seqtrain tune"),
    ],
)
def test_what_hydra_would_run_is_refused_on_the_command_line_too(told, started, said: str, instead: str) -> None:  # type: ignore[no-untyped-def]
    status, text = told("train", said)
    assert status == 2
    assert said in text
    assert instead in text
    assert not started


def test_showing_the_config_trains_nothing(told, started, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    status, text = told("train", "--cfg", "job", "model=gru")
    assert status == 0
    assert "cell: gru" in text
    status, text = told("train", "--cfg", "job", "--package", "optimizer")
    assert "lr: 0.003" in text
    assert "hidden" not in text
    assert not started
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("part", ["optimizer", "optimizer.lr"])
def test_the_config_is_shown_as_hydra_shows_it(told, part: str) -> None:  # type: ignore[no-untyped-def]
    """With --resolve Hydra prints it; no setting of these refers to another."""
    words = ["train", "--cfg", "job", "optimizer=sgd", "--package", part]
    assert told(*words) == told(*words, "--resolve")


def test_help_has_the_groups_and_an_example(told) -> None:  # type: ignore[no-untyped-def]
    status, text = told("train", "--help")
    assert status == 0
    assert "seqtrain train model=lstm data=sincos" in text
    assert re.search(r"model +conv1d, fcn, gru, ", text)


def test_shells_complete_behind_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["seqtrain"])
    monkeypatch.setenv("COMP_LINE", "seqtrain train model=l")
    assert main(["-sc", "query=bash"]) == 0
    assert capsys.readouterr().out.split() == ["model=linear", "model=lstm", "model=lstm_fcn"]
    monkeypatch.setenv("COMP_LINE", "seqtrain train optimizer.l")
    assert main(["-sc", "query=bash"]) == 0
    assert capsys.readouterr().out.split() == ["optimizer.lr="]


def test_train_py_is_the_command_from_the_checkout(tmp_path: Path) -> None:
    environment = {**os.environ, "SEQTRAIN_TRUST": ""}
    shim = str(ROOT / "train.py")
    assert "@hydra.main" in Path(shim).read_text()  # bash and fish look for it
    done = subprocess.run(
        [sys.executable, shim, "model=lsmt"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "did you mean lstm?" in done.stderr
    assert not done.stdout


def test_the_options_of_groups_are_kept_but_for_a_class_that_was_typed(told: Told, tmp_path: Path) -> None:
    words = ["train", "model=gru", "model._target_=seqtrain.models.recurrent.Recurrent", "logger=csv"]
    tiny = ["data.train_size=40", "data.val_size=8", "data.test_size=8", "trainer.max_epochs=1"]
    status, text = told(*words, *tiny, "trainer.progress=false", f"hydra.run.dir={tmp_path / 'run'}")
    assert status == 0, text
    chosen = json.loads((tmp_path / "run" / "result.json").read_text())["chosen"]
    assert (chosen["data"], chosen["logger"], chosen["optimizer"]) == ("sincos", "csv", "adam")
    assert "model" not in chosen
    assert not any("@" in group or "/" in group for group in chosen)
