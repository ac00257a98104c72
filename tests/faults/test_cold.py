"""A wrong input of each kind, told by the command itself in a process of its own, as a user meets it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KINDS = {  # what is typed, what is said, and whether it is known before torch is imported
    "a name": (["train", "model=lsmt"], "did you mean lstm?", True),
    "a value": (["train", "optimizer.lr=-1"], "optimizer.lr is -1", True),
    "a run": (["train", "resume=nowhere"], "nowhere is no run folder", True),
    "a file to predict from": (["predict", "nowhere", "none.csv"], "there is no file or folder none.csv", True),
    "a file of data": (["train", "data=table", "data.root=.", "data.train=cut.csv", "data.target=y"], "cut.csv", False),
    "a task": (["train", "data=sincos", "task=classification"], "set task=step_regression", False),
    "a metric": (["train", "checkpoint.monitor=val/accuracy"], "val/rmse", False),
    "a machine": (["train", "trainer=gpu"], "trainer.accelerator is gpu", False),
    "a folder": (["train", "hydra.run.dir=/dev/null/run"], "cannot write to /dev/null/run", False),
}


@pytest.mark.faults
@pytest.mark.parametrize("kind", KINDS)
def test_a_command_tells_it(kind: str, tmp_path: Path) -> None:
    words, said, at_once = KINDS[kind]
    (tmp_path / "cut.csv").write_text("y,t0,t1\na,1,2\nb,1")
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-m", "seqtrain", *words],
        cwd=tmp_path,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    seconds = sum(os.times()[2:4]) - sum(before[2:4])
    print(f"\n{kind}: {seconds:.2f} s of CPU, {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 2
    assert said in done.stderr
    assert 1 <= len(done.stderr.splitlines()) <= 5
    assert not list(tmp_path.rglob("*.ckpt"))
    assert seconds < 2 or not at_once
