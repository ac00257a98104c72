"""NaN, infinity and a loss that explodes: training stops before the weights are touched, and says where."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from runs import EVERY_CHUNK, LSTM, start

from seqtrain.checkpoints import read_checkpoint
from seqtrain.run_folder import RunFolder

POISONED = """
import os
from seqtrain.datasets.sincos import SinCos

class Poisoned(SinCos):
    def load(self, seed):
        sets = super().load(seed)
        rows = getattr(sets.train, os.environ["POISONED"])
        last = int(sets.train.starts[23] + sets.train.lengths[23]) - 1
        rows[last, 0] = float(os.environ["POISON"])
        return sets
"""
WORDS = [*LSTM, EVERY_CHUNK, "data.val_size=8", "trainer.gradient_clip_val=1"]


def numbers(content: Any) -> "list[torch.Tensor]":
    if isinstance(content, torch.Tensor):
        return [content]
    if isinstance(content, float):
        return [torch.tensor(content)]
    values = content.values() if isinstance(content, dict) else content if isinstance(content, list | tuple) else ()
    return [tensor for value in values for tensor in numbers(value)]


def hold_finite(folder: Path) -> int:
    """No checkpoint of a run holds a number that is not finite; how many there are."""
    checkpoints = list(RunFolder(folder / "run").checkpoints.glob("*.ckpt"))
    for checkpoint in checkpoints:
        found = numbers(read_checkpoint(checkpoint))
        assert len(found) > 10
        assert all(bool(tensor.isfinite().all()) for tensor in found), checkpoint
    return len(checkpoints)


def hold_diverged(folder: Path, *words: str, steps_per_epoch: int = 5, **more: Any) -> re.Match[str]:
    """A run ends as diverged, before the update; what its message names."""
    process = start(folder, *words, trace=folder / "places", **more)
    assert process.wait() == 1, process.told()
    said = re.search(
        r"the (loss is (nan|-?inf|[\d.]+e\+\d+)|gradient is not finite) at step (?P<step>\d+), "
        r"epoch (?P<epoch>\d+), batch (?P<batch>\d+), "
        r"training sequences \[(?P<sequences>[\d, ]+)\]: (?P<why>.*)",
        process.told(),
    )
    assert said is not None, process.told()
    assert "Traceback" not in process.told()
    result = json.loads((folder / "run" / "result.json").read_text())
    assert result["status"] == "diverged"
    assert result["cause"] == said[0]
    places = (folder / "places").read_text()
    assert f"before step @{said['step']} #1" in places
    assert f"after step @{int(said['step']) + 1} #1" not in places, "an update was made"
    epoch, done = divmod(int(said["step"]), steps_per_epoch)
    assert (int(said["epoch"]), int(said["batch"])) == (epoch + 1, done + 1)
    print(f"\n{said[0]}; {hold_finite(folder)} checkpoints are finite")
    return said


@pytest.mark.parametrize("of", ["steps", "targets"])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_poisoned_sequence(of: str, value: str, tmp_path: Path) -> None:
    (tmp_path / "poisoned.py").write_text(POISONED)
    words = [*WORDS, "data._target_=poisoned.Poisoned", "--trust", "poisoned"]
    said = hold_diverged(tmp_path, *words, env={"POISONED": of, "POISON": value})
    assert said["sequences"] == "23"
    assert said["why"] == f"its {'inputs' if of == 'steps' else 'targets'} are not finite"


def test_a_loss_that_explodes(tmp_path: Path) -> None:
    said = hold_diverged(tmp_path, *LSTM, EVERY_CHUNK, "optimizer=sgd", "optimizer.lr=1e9")
    assert said["why"] == "lower optimizer.lr, or set trainer.gradient_clip_val=1"


LABELS = ["data=table", "data.root=.", "data.train=labels.csv", "data.target=y", "data.predicts=labels"]
LABELS += ["data.val_fraction=0.2", "data.test_fraction=0.2", "task=multilabel", "model=gru", "model.hidden=4"]
FINITE = {
    "adam": ["optimizer=adam"],
    "clipped": ["optimizer=adam", "trainer.gradient_clip_val=1"],
    "rmsprop, mae": ["optimizer=rmsprop", "task.loss=mae"],
    "huber": ["optimizer=adamw", "task.loss=huber"],
    "labels": LABELS,
    "classes": ["data=mel", "model=conv1d", "model.channels=[4]", "data.train_size=30", "data.test_size=6"],
}


@pytest.mark.parametrize("case", FINITE)
def test_a_loss_that_explodes_and_stays_a_number(case: str, tmp_path: Path) -> None:
    words = FINITE[case] if case in ("classes", "labels") else [*LSTM, *FINITE[case]]
    (tmp_path / "labels.csv").write_text("y,t0,t1\n" + "".join(f"{'ab'[n % 2]},{n},{n % 3}\n" for n in range(40)))
    more = [
        EVERY_CHUNK,
        "optimizer.lr=1e9",
        "trainer.steps_per_execution=2",
        "data.batch_size=8",
        "trainer.max_epochs=3",
    ]
    steps = 4 if case in ("classes", "labels") else 5
    said = hold_diverged(tmp_path, *words, *more, "trainer.progress=false", steps_per_epoch=steps)
    assert said["why"] == "lower optimizer.lr, or set trainer.gradient_clip_val=1"
    assert len(said["sequences"].split(", ")) == 8


def test_what_does_not_explode_is_left_alone(tmp_path: Path) -> None:
    start(tmp_path, *LSTM, "optimizer.lr=30", "trainer.max_epochs=2").done()  # of no use, and not without bounds
    assert hold_finite(tmp_path) > 0
