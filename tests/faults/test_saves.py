"""A kill during a save leaves every checkpoint readable, and what it leaves half done is swept at the next start."""

import os
import random
from collections import Counter
from pathlib import Path

import pytest
from runs import Process, forks

from seqtrain.checkpoints import read_checkpoint
from seqtrain.run_folder import RunFolder


def hold_saves(folder: Path, kills: int) -> None:
    other = Path("/dev/shm")  # a save that went through the folder of temporary files would not be one rename
    assert other.stat().st_dev != folder.stat().st_dev
    draws, run = random.Random(5), RunFolder(folder / "run")
    found: Counter[str] = Counter()
    for _ in range(kills):
        process = Process(forks().start(folder, [str(run.path)], calls="saver", env={"TMPDIR": str(other)}), folder)
        with pytest.raises(TimeoutError):
            process.wait(draws.uniform(0.05, 0.3))
        process.end()
        left = list(run.checkpoints.glob("*.tmp")) if run.path.exists() else []
        found["during a save"] += bool(left)
        with run:
            assert not list(run.checkpoints.glob("*.tmp"))
        for checkpoint in (run.last, run.previous, run.best):
            if checkpoint.exists():
                content = read_checkpoint(checkpoint)
                assert float(content["state_dict"]["weight"][1]) == content["seqtrain"]["step"] + 1
                found["checkpoints read"] += 1
    size = os.stat(run.last).st_size
    print(f"\n{kills} kills, {found['during a save']} during a save of {size / 1e6:.0f} MB; ", end="")
    print(f"0 of {found['checkpoints read']} checkpoints unreadable")
    assert found["during a save"] >= kills / 4


def test_a_kill_during_a_save(tmp_path: Path) -> None:
    hold_saves(tmp_path, 10)


@pytest.mark.faults
def test_two_hundred_kills_during_saves(tmp_path: Path) -> None:
    hold_saves(tmp_path, 200)
