"""Folders of runs have names that a file system takes, and that tell runs apart."""

from datetime import datetime

from seqtrain.commands.run_folders import matters, run_folder, sweep_folder, trial_folder

NOW = datetime(2026, 1, 31, 12, 0, 0, 7)


def test_names_hold_no_path() -> None:
    assert run_folder("mine/../x", "lstm", NOW) == "outputs/runs/mine_.._x-lstm/2026-01-31_12-00-00-000007"
    assert sweep_folder("mine", ["mel"], NOW) == "outputs/sweeps/mine"
    assert sweep_folder(None, ["mel", "a/b"], NOW) == "outputs/sweeps/mel+a_b-2026-01-31_12-00-00-000007"


def test_a_trial_is_named_by_the_overrides_that_matter() -> None:
    said = ["model=rnn", "threads=2", "logger=csv", "data.workers=2", "data.folder=a/b", "hydra.verbose=true"]
    name = trial_folder(said, {"seed": 0})
    assert name.rpartition("-")[0] == "model=rnn,data.folder=a_b"
    long = trial_folder([f"data.folder={'x' * 300}"], {})
    assert len(long) == 100 + 1 + 8


def test_configs_that_train_differently_have_different_names() -> None:
    config = {"seed": 0, "threads": 1, "data": {"workers": 0, "length": 5}, "hydra": {"x": 1}}
    same = {"seed": 0, "threads": 2, "data": {"workers": 2, "length": 5}, "logger": None}
    other = {"seed": 0, "threads": 1, "data": {"workers": 0, "length": 6}}
    assert trial_folder([], config) == trial_folder([], same)
    assert trial_folder([], config) != trial_folder([], other)


def test_what_matters() -> None:
    assert all(matters(key) for key in ("model", "data.length", "optimizer.lr", "+model.x", "experiment", "loggers"))
    assert not any(matters(key) for key in ("logger", "logger.flush_secs", "hydra/launcher", "threads", "~logger"))
