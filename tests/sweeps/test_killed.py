"""A sweep that is killed again and again ends as one that was left alone, to the bit."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from seqtrain.checkpoints import read_checkpoint
from seqtrain.run_folder import RunFolder

SMALL = ["data.train_size=200", "data.val_size=16", "data.test_size=16", "trainer.max_epochs=3", "model.hidden=8"]


def sweep(folder: Path, words: list[str]) -> "subprocess.Popen[bytes]":
    line = [sys.executable, "-m", "seqtrain", "train", "-m", "sweep=mine", *SMALL, *words]
    with open(folder / "log", "ab") as log:
        return subprocess.Popen(line, cwd=folder, stdout=log, stderr=log, start_new_session=True)


def ends(folder: Path) -> dict[str, tuple[Any, ...]]:
    """What each trial ended with."""
    found = {}
    for place in sorted((folder / "outputs/sweeps/mine").iterdir()):
        run = RunFolder(place)
        result = run.read_result()
        rows = [{key: value for key, value in row.items() if "seconds" not in key} for row in run.read_rows()]
        weights = {name: tensor.tolist() for name, tensor in read_checkpoint(run.last)["state_dict"].items()}
        found[place.name] = (result["status"], result["metrics"], result["best"], result["steps"], rows, weights)
    return found


def hold_kills(tmp_path: Path, words: list[str], *, kills: int, trials: int) -> None:
    alone, disturbed = tmp_path / "alone", tmp_path / "disturbed"
    alone.mkdir()
    disturbed.mkdir()
    started = time.monotonic()
    assert sweep(alone, words).wait() == 0
    whole = time.monotonic() - started
    draws = random.Random(0)
    running = 0
    for _ in range(kills):
        process = sweep(disturbed, words)
        try:
            process.wait(draws.uniform(0.2, 0.5) * whole)
        except subprocess.TimeoutExpired:
            running += 1
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert sweep(disturbed, words).wait() == 0, (disturbed / "log").read_text()[-2000:]
    assert running >= min(kills, 2)
    expected = ends(alone)
    assert len(expected) == trials
    assert ends(disturbed) == expected


def test_a_killed_sweep_ends_with_the_same_bits(tmp_path: Path) -> None:
    hold_kills(tmp_path, ["model=rnn,lstm", "seed=0,1"], kills=3, trials=4)


@pytest.mark.faults
def test_twelve_trials_killed_twenty_times(tmp_path: Path) -> None:
    hold_kills(tmp_path, ["model=rnn,lstm,gru", "seed=0,1,2,3"], kills=20, trials=12)
