"""Several labels a sequence from training to predictions: every model, and every command that uses a run."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from composing import QUICK, choices, composed, trained

import seqtrain
from seqtrain.parts import prepare_parts
from seqtrain.training_run import train

RANDOM = np.random.default_rng(0)
PITCHES = {"low": 0.2, "mid": 0.9, "high": 2.2}


def sound(has: list[str], steps: int) -> np.ndarray:
    times = np.arange(steps)
    parts = [np.sin(PITCHES[name] * times + RANDOM.uniform(0, 6)) for name in has]
    return 0.2 * RANDOM.normal(size=steps) + sum(parts, np.zeros(steps))


LABELS = [[name for k, name in enumerate(PITCHES) if (n >> k) % 2] for n in range(80)]
SOUNDS = [sound(has, 20 + n % 13) for n, has in enumerate(LABELS)]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sounds as a long table."""
    path = tmp_path_factory.mktemp("labels") / "sounds.csv"
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "heard", "x"])
        for n, (steps, has) in enumerate(zip(SOUNDS, LABELS, strict=True)):
            writer.writerows((f"s{n}", ";".join(has), float(value)) for value in steps)
    return path


def words(table: Path, *more: str) -> list[str]:
    data = ["data=table", f"data.root={table.parent}", "data.train=sounds.csv", "data.layout=long", "data.id=name"]
    return ["task=multilabel", *data, "data.target=heard", "data.predicts=labels", *QUICK, *more]


@pytest.fixture(scope="module")
def run(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    options = ["model=gru", "model.hidden=8", "optimizer.lr=1e-2", "trainer.max_epochs=3", "data.mixup=0.2"]
    trained(folder, *words(table, *options))
    return folder


@pytest.mark.parametrize("model", choices("model"))
def test_every_model_learns_labels(model: str, table: Path, tmp_path: Path) -> None:
    result = trained(tmp_path, *words(table, f"model={model}"))
    assert result["status"] == "completed"
    assert {f"test/{name}" for name in ("loss", "accuracy", "exact_match", "f1", "f1_micro")} <= set(result["metrics"])
    assert {"found_labels.png", "samples.png"} <= {path.name for path in (tmp_path / "figures").iterdir()}


def test_lists_of_labels_are_learnt(tmp_path: Path) -> None:
    options = ["trainer.max_epochs=20", "optimizer.lr=1e-2", "data.batch_size=8", "model.channels=[16]", "logger=csv"]
    model = seqtrain.fit(SOUNDS, LABELS, *options, model="conv1d", folder=tmp_path)
    assert model.metrics["test/accuracy"] > 0.85, "a coin gets 0.5"
    said = model.predict(SOUNDS[:16])
    assert said.labels is not None
    right = [
        (name in found) == (name in has) for found, has in zip(said.labels, LABELS, strict=False) for name in PITCHES
    ]
    assert sum(right) / len(right) > 0.85
    assert said.indices is None
    again = seqtrain.load(tmp_path)
    assert again.spec == model.spec
    assert again.spec.predicts == "labels"
    np.testing.assert_array_equal(again.predict(SOUNDS[:16]).probabilities, said.probabilities)  # type: ignore[arg-type]


def test_an_evaluation_says_what_the_training_said(told, run: Path) -> None:  # type: ignore[no-untyped-def]
    status, text = told("evaluate", str(run), "resamples=50")
    assert status == 0
    folder = run / "evaluations" / "test"
    found = json.loads((folder / "metrics.json").read_text())["metrics"]
    said = json.loads((run / "result.json").read_text())["metrics"]
    for name in ("loss", "accuracy", "exact_match", "f1", "f1_micro"):
        assert found[name]["value"] == pytest.approx(said[f"test/{name}"], rel=1e-5)
    assert "avg precision" in text
    assert "highest loss" in text
    with open(folder / "labels.csv", newline="") as file:
        assert [row["label"] for row in csv.DictReader(file)] == ["high", "low", "mid"]
    with open(folder / "worst.csv", newline="") as file:
        worst = list(csv.DictReader(file))
    numbered = {f"s{n}": sorted(has) for n, has in enumerate(LABELS)}
    assert all(sorted(filter(None, row["true"].split(";"))) == numbered[row["name"]] for row in worst)
    assert {"found_labels.png", "worst.png"} <= {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_predictions_name_what_is_more_probable_than_not(
    told, form: str, run: Path, table: Path, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    status, _ = told("predict", str(run), str(table), f"output={tmp_path / f'out.{form}'}")
    assert status == 0
    lines = (tmp_path / f"out.{form}").read_text().splitlines()
    rows = list(csv.DictReader(lines)) if form == "csv" else [json.loads(line) for line in lines]
    expected = seqtrain.load(run).predict(SOUNDS)
    assert expected.labels is not None
    assert expected.probabilities is not None
    assert len(rows) == 80
    for row, labels, probabilities in zip(rows, expected.labels, expected.probabilities, strict=True):
        told_labels = row["prediction"].split(";") if form == "csv" else row["prediction"]
        assert [each for each in told_labels if each] == labels
        kept = [
            row[f"probability_{name}"] if form == "csv" else row["probabilities"][name]
            for name in ("high", "low", "mid")
        ]
        np.testing.assert_allclose(np.array(kept, dtype=float), probabilities, atol=1e-5)
    assert any(len(labels) != 1 for labels in expected.labels)


def test_steps_are_answered_as_they_come(run: Path) -> None:
    model = seqtrain.load(run)
    stepper = model.stepper()
    for value in SOUNDS[5]:
        answer = stepper.step(torch.tensor([value], dtype=torch.float32))
    np.testing.assert_allclose(answer.exp().numpy(), np.asarray(model.predict(SOUNDS[5:6]).probabilities)[0], atol=1e-5)


@pytest.mark.parametrize("form", ["safetensors", "onnx"])
def test_a_run_is_exported(told, form: str, run: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    if form == "onnx":
        pytest.importorskip("onnxruntime")
    place = tmp_path / ("shared" if form == "safetensors" else "model.onnx")
    status, _ = told("export", str(run), f"format={form}", f"output={place}")
    assert status == 0
    if form == "safetensors":
        said, expected = seqtrain.load(place).predict(SOUNDS), seqtrain.load(run).predict(SOUNDS)
        assert said.labels == expected.labels


def test_a_run_that_is_stopped_and_goes_on_ends_with_the_same_bits(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seqtrain.checkpoints import read_checkpoint
    from seqtrain.learner import Learner

    options = words(
        table, "model=gru", "model.hidden=4", "model.num_layers=2", "model.dropout=0.2", "data.batch_size=8"
    )
    options += ["trainer.max_epochs=3", "checkpoint.minutes=1e-9", "trainer.steps_per_execution=2"]
    trained(tmp_path / "whole", *options)
    step = Learner.training_step
    calls = []

    def stops(self: Learner, chunk: list, number: int) -> None:  # type: ignore[type-arg]
        calls.append(number)
        if len(calls) == 6:
            raise KeyError("stop")
        step(self, chunk, number)

    monkeypatch.setattr(Learner, "training_step", stops)
    with pytest.raises(KeyError):
        trained(tmp_path / "cut", *options)
    monkeypatch.undo()
    train(prepare_parts(composed(*options)), tmp_path / "cut", config="", overrides=[], resume=True)
    assert (tmp_path / "cut" / "metrics.csv").read_text() == (tmp_path / "whole" / "metrics.csv").read_text()
    whole, cut = (
        read_checkpoint(tmp_path / name / "checkpoints" / "last.ckpt")["state_dict"] for name in ("whole", "cut")
    )
    assert all(torch.equal(whole[name], cut[name]) for name in whole)


def test_the_task_that_fits_is_named(table: Path, tmp_path: Path) -> None:
    from seqtrain.errors import WrongInput

    with pytest.raises(
        WrongInput, match=r"task is classification but the data has labels for each.*set task=multilabel"
    ):
        trained(tmp_path, *words(table, "task=classification", "model=linear"))
