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

POISONED = '''
import torch
from dataclasses import replace
from seqtrain.datasets.sincos import SinCos

class Poisoned(SinCos):
    """Sines, of which one sequence of the training set holds one number that is none."""

    def __init__(self, *, of: str, value: float | str, sequence: int, **settings) -> None:
        super().__init__(**settings)
        self.of, self.value, self.sequence = of, float(value), sequence

    def load(self, seed):
        sets = super().load(seed)
        rows = getattr(sets.train, self.of)
        step = int(sets.train.lengths[: self.sequence + 1].sum()) - 1
        rows[step, 0] = self.value
        return sets
'''
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


def hold_diverged(folder: Path, *words: str) -> re.Match[str]:
    """A run ends as diverged, without another update; what its message names."""
    process = start(folder, *words, trace=folder / "places")
    assert process.wait() == 1, process.told()
    said = re.search(
        r"the loss is (?P<loss>nan|-?inf) at step (?P<step>\d+), epoch (?P<epoch>\d+), batch (?P<batch>\d+), "
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
    assert f"after step @{int(said['step']) + 1} #1" not in places, "the update was made"
    assert (int(said["epoch"]), int(said["batch"])) == (int(said["step"]) // 5 + 1, int(said["step"]) % 5 + 1)
    print(f"\n{said[0]}; {hold_finite(folder)} checkpoints are finite")
    return said


@pytest.mark.parametrize("of", ["steps", "targets"])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_poisoned_sequence(of: str, value: str, tmp_path: Path) -> None:
    (tmp_path / "poisoned.py").write_text(POISONED)
    poison = ["data._target_=poisoned.Poisoned", f"+data.of={of}", f"+data.value='{value}'", "+data.sequence=23"]
    said = hold_diverged(tmp_path, *WORDS, *poison, "--trust", "poisoned")
    assert said["sequences"] == "23"
    assert said["why"] == f"its {'inputs' if of == 'steps' else 'targets'} are not finite"


@pytest.mark.parametrize("clip", [[], ["trainer.gradient_clip_val=1"]], ids=["", "clipped"])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_loss_that_explodes(optimizer: str, clip: list[str], tmp_path: Path) -> None:
    words = [*LSTM, EVERY_CHUNK, f"optimizer={optimizer}", "optimizer.lr=1e9", *clip]
    process = start(tmp_path, *words)
    status = process.wait()
    assert hold_finite(tmp_path) > 0 or status == 1
    if status:
        assert "Traceback" not in process.told()
        assert RunFolder(tmp_path / "run").read_result()["status"] == "diverged"
    print(f"\n{optimizer}, {clip}: exit status {status}; {process.told().splitlines()[-1]}")
