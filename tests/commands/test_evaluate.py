"""Evaluating a run: on its own test set, on other data, and what does not fit."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from composing import QUICK, SMALL, trained

from seqtrain.commands import evaluate
from seqtrain.commands.evaluate import Settings


@pytest.fixture(scope="module")
def sketch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sketch")
    trained(folder, "model=sketchmate", "data=sketch", *SMALL["sketch"], *QUICK)
    return folder


@pytest.fixture(scope="module")
def sincos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sincos")
    trained(folder, "model=lstm", "model.hidden=8", "data=sincos", *SMALL["sincos"], *QUICK)
    return folder


def table(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def metrics(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "metrics.json").read_text())["metrics"]  # type: ignore[no-any-return]


def test_the_test_set_gives_what_the_training_said(told, sketch: Path) -> None:  # type: ignore[no-untyped-def]
    status, text = told("evaluate", str(sketch), "resamples=100")
    assert status == 0
    folder = sketch / "evaluations" / "test"
    said = json.loads((sketch / "result.json").read_text())["metrics"]
    found = metrics(folder)
    for name in ("loss", "accuracy", "f1"):
        assert found[name]["value"] == pytest.approx(said[f"test/{name}"], rel=1e-5)
        assert found[name]["low"] <= found[name]["value"] <= found[name]["high"]
    assert "test set: 10 sequences" in text
    assert str(folder) in text
    assert {path.name for path in folder.iterdir()} == {
        "metrics.json", "classes.csv", "confusion.csv", "worst.csv", "confusion.png", "reliability.png", "worst.png",
    }  # fmt: skip
    classes = table(folder / "classes.csv")
    assert [row["class"] for row in classes][:2] == ["circle", "square"]
    assert sum(int(row["support"]) for row in classes) == 10
    worst = table(folder / "worst.csv")
    assert [float(row["loss"]) for row in worst] == sorted((float(row["loss"]) for row in worst), reverse=True)
    assert set(worst[0]) == {"rank", "name", "loss", "steps", "true", "predicted", "probability"}
    confusion = table(folder / "confusion.csv")
    assert sum(int(row[name["class"]]) for row in confusion for name in classes) == 10


def test_values_at_every_step_have_errors_and_residuals(told, sincos: Path) -> None:  # type: ignore[no-untyped-def]
    status, text = told("evaluate", str(sincos), "set=val", "worst=3", "resamples=50")
    assert status == 0
    assert "val set: 8 sequences, 320 scored steps" in text
    folder = sincos / "evaluations" / "val"
    said = json.loads((sincos / "result.json").read_text())["metrics"]
    for name in ("loss", "mse", "rmse", "mae", "r2"):
        assert metrics(folder)[name]["value"] == pytest.approx(said[f"val/{name}"], rel=1e-4)
    assert len(table(folder / "worst.csv")) == 3
    assert {path.name for path in folder.glob("*.png")} == {"residuals.png", "worst.png"}


def test_the_same_command_gives_the_same_numbers(told, sincos: Path) -> None:  # type: ignore[no-untyped-def]
    assert told("evaluate", str(sincos), "name=one")[0] == 0
    assert told("evaluate", str(sincos), "name=two", "threads=2")[0] == 0
    assert metrics(sincos / "evaluations/one")["r2"] == metrics(sincos / "evaluations/two")["r2"]


def test_all_sets_are_counted_through(told, sketch: Path) -> None:  # type: ignore[no-untyped-def]
    assert told("evaluate", str(sketch), "set=all", "worst=40", "resamples=10")[0] == 0
    folder = sketch / "evaluations" / "all"
    assert len(table(folder / "worst.csv")) == 40
    assert sum(int(row["support"]) for row in table(folder / "classes.csv")) == 40


def test_other_data_of_the_same_kind(told, sketch: Path, sincos: Path) -> None:  # type: ignore[no-untyped-def]
    assert told("evaluate", str(sincos), "name=one", "resamples=10")[0] == 0
    status, text = told("evaluate", str(sincos), "data.noise=0.5", "resamples=10")
    assert status == 0
    name = re.search(r"evaluations/(\S+)", text)
    assert name is not None
    assert "data.noise=0.5" in name[1]
    noisy, before = metrics(sincos / "evaluations" / name[1]), metrics(sincos / "evaluations" / "one")
    assert noisy["mse"] != before["mse"]
    options = ["data=sketch", "data.test_size=20", "data.train_size=30", "name=more", "resamples=10"]
    status, text = told("evaluate", str(sketch), *options)
    assert (status, "20 sequences" in text) == (0, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["data=sincos"], "it has 1 features at each step and not 3; it has values at every step and not a class for"),
        (["data.nonsense=3"], "data.nonsense is no setting of seqtrain.datasets.sketch.Sketch"),
        (["data.train_size=-1"], "data.train_size is -1: must be"),
        (["data.train_size=1,2"], "evaluate one after another"),
        (["data=sketches"], "did you mean sketch"),
        (["set=tests"], "set is tests: must be one of test, val, train, all"),
        (["seed=3"], "seed is no setting of seqtrain evaluate"),
        (["name=../../elsewhere"], "name is ../../elsewhere"),
        (["another-run"], "another-run is no folder: name runs or sweeps"),
    ],
)
def test_what_does_not_fit_is_told(told, sketch: Path, words: list[str], message: str) -> None:  # type: ignore[no-untyped-def]
    status, text = told("evaluate", str(sketch), *words)
    assert status == 2
    assert message in text
    assert "Traceback" not in text


def test_a_recurrent_model_is_evaluated_on_longer_sequences(told, sincos: Path) -> None:  # type: ignore[no-untyped-def]
    assert told("evaluate", str(sincos), "data.length=80", "resamples=10")[0] == 0


def test_what_is_no_run_is_told(told, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    status, text = told("evaluate", str(tmp_path / "nothing"))
    assert (status, "is no folder: name runs or sweeps" in text) == (2, True)


def test_help_names_every_setting(told) -> None:  # type: ignore[no-untyped-def]
    status, text = told("evaluate", "--help")
    assert status == 0
    for name in evaluate.read_words([], Settings, "evaluate")[1].__dict__:
        assert f"  {name}=" in text
