"""Trials as jobs, by submitit's executor on this machine; on a real Slurm by `make test-cluster`."""

import os
import re
import sys
from pathlib import Path

import pytest
from conftest import Told

from seqtrain.sweeps import slurm

LINE = ("train", "-m", "sweep=mine", "launcher=slurm", "launcher.cluster=local", "launcher.poll_seconds=1")
TINY = ("data.train_size=40", "data.val_size=8", "data.test_size=8", "trainer.max_epochs=1")


def test_every_trial_is_a_job(told: Told) -> None:
    status, text = told(*LINE, "seed=0,1", *TINY)
    assert status == 0, text
    assert re.search(r"submitted 2 jobs: \d+ to \d+", text)
    assert "2 of 2 trials completed" in text
    assert len(list(Path("outputs/sweeps/mine").glob("*/result.json"))) == 2
    assert "2 trials, 2 completed" in told(*LINE, "seed=0,1", *TINY)[1]


def test_a_job_that_dies_is_told_with_its_output(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm, "Job", Dying)
    status, text = told(*LINE, "seed=0", *TINY)
    assert status == 1
    assert re.search(r"failed +.*seed=0.* +job \d+ .*_log\.err", text)


class Dying(slurm.Job):
    """Ends its process while it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[int]]:
        return os._exit, (3,)


def test_without_slurm_it_is_told(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    status, text = told("train", "-m", "seed=0,1", "launcher=slurm")
    assert status == 2
    assert "Submit from a machine of the cluster" in text


def test_a_cluster_that_refuses_is_told(told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, script in (("sbatch", "echo 'sbatch: error: invalid partition' >&2; exit 1"), ("srun", "exit 0")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    status, text = told("train", "-m", "seed=0,1", "launcher=slurm")
    assert status == 2
    assert "launcher=slurm: sbatch: error: invalid partition" in text
