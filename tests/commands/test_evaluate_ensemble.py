"""Evaluating several runs as one: the mean of what they say, each beside it, and what cannot be put together."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from composing import QUICK, SMALL, composed, trained

from seqtrain import load
from seqtrain.loading import load_data
from seqtrain.parts import prepare_data

SKETCH = ["model=linear", "data=sketch", *SMALL["sketch"], *QUICK]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweep")
    for lr in ("1e-3", "1e-2", "3e-2"):
        trained(folder / f"optimizer.lr={lr}", *SKETCH, f"optimizer.lr={lr}")
    return folder


def test_a_sweep_is_the_mean_of_its_runs(told, sweep: Path) -> None:  # type: ignore[no-untyped-def]
    status, text = told("evaluate", str(sweep), "resamples=100")
    assert status == 0
    assert "test set: 10 sequences, ensemble of 3 runs" in text
    folder = sweep / "evaluations" / "ensemble-of-3-test"
    found = json.loads((folder / "metrics.json").read_text())
    assert [Path(run).name for run in found["runs"]] == [f"optimizer.lr={lr}" for lr in ("1e-2", "1e-3", "3e-2")]

    recipes = prepare_data(composed(*SKETCH).data)
    test = load_data(recipes["data"](), recipes["loading"](), seed=0).test
    assert test is not None
    inputs = [test.steps[start : start + steps] for start, steps in zip(test.starts, test.lengths, strict=True)]
    probabilities = np.mean([load(run).predict(inputs).probabilities for run in found["runs"]], axis=0)
    targets = test.targets.numpy()
    right = probabilities.argmax(-1) == targets
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(right.mean())
    losses = -np.log(probabilities[np.arange(len(targets)), targets])
    assert found["metrics"]["loss"]["value"] == pytest.approx(losses.mean(), rel=1e-5)
    assert found["metrics"]["loss"]["low"] < losses.mean() < found["metrics"]["loss"]["high"]

    with open(folder / "members.csv", newline="") as file:
        rows = {row["member"]: row for row in csv.DictReader(file)}
    for name, row in rows.items():
        assert name in text
        said = json.loads((sweep / name / "result.json").read_text())["metrics"]
        assert float(row["accuracy"]) == pytest.approx(said["test/accuracy"])
        assert float(row["loss"]) == pytest.approx(said["test/loss"], rel=1e-4)


def test_runs_are_named_one_by_one(told, sweep: Path) -> None:  # type: ignore[no-untyped-def]
    runs = [str(sweep / f"optimizer.lr={lr}") for lr in ("1e-2", "1e-3")]
    status, text = told("evaluate", *runs, "data.test_size=20", "name=both", "resamples=10")
    assert (status, "ensemble of 2 runs" in text) == (0, True)
    assert (sweep / "optimizer.lr=1e-2" / "evaluations" / "both" / "members.csv").is_file()


def test_runs_with_other_test_sets_are_refused(told, sweep: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    trained(tmp_path / "seed=1", *SKETCH, "seed=1")
    one = str(sweep / "optimizer.lr=1e-2")
    status, text = told("evaluate", one, str(tmp_path / "seed=1"), "resamples=10")
    assert status == 2
    assert f"seed=1 has another test set than {one}, so that one may have been trained on" in text


def test_runs_that_predict_something_else_are_refused(told, sweep: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    trained(tmp_path / "other", "model=linear", "data=mel", *SMALL["mel"], *QUICK)
    status, text = told("evaluate", str(sweep / "optimizer.lr=1e-2"), str(tmp_path / "other"))
    assert status == 2
    assert "other has other features than" in text


def test_what_did_not_complete_below_a_folder_is_left_out(told, sweep: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    copy = tmp_path / "copy"
    shutil.copytree(sweep, copy)
    for name in ("optimizer.lr=1e-2", "optimizer.lr=1e-3"):
        result = copy / name / "result.json"
        result.write_text(json.dumps(json.loads(result.read_text()) | {"status": "diverged"}))
    status, text = told("evaluate", str(copy), "name=left", "resamples=10")
    assert status == 0
    assert "ensemble" not in text.partition("tables, figures")[0]
    assert "optimizer.lr=1e-2 is left out: its training is diverged" in text
    result = copy / "optimizer.lr=3e-2" / "result.json"
    result.write_text(json.dumps({"status": "failed"}))
    status, text = told("evaluate", str(copy))
    assert (status, f"none of the runs below {copy} completed" in text) == (2, True)
