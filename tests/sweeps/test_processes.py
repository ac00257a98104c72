"""A sweep in several processes: each trial once, a dying process costs one trial, a stop is clean."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LINE = [sys.executable, "-m", "seqtrain", "train", "-m", "sweep=mine", "data.val_size=8", "data.test_size=8"]
SHORT = ["data.train_size=40", "trainer.max_epochs=1"]
LONG = ["data.train_size=400", "trainer.max_epochs=100000"]  # no machine comes to its end within a test
PARALLEL = ["launcher=processes", "launcher.processes=2"]


def start(folder: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*LINE, *words], cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )


def workers(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(each) for each in children if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()]


def wait_for(folder: Path, pattern: str, count: int) -> None:
    until = time.monotonic() + 60
    while len(list(folder.glob(pattern))) < count:
        assert time.monotonic() < until, f"{pattern} did not come"
        time.sleep(0.05)


def test_two_processes_train_every_trial_once(tmp_path: Path) -> None:
    sweep = start(tmp_path, "seed=0,1,2,3,4", *SHORT, *PARALLEL)
    said = sweep.communicate(timeout=120)[0]
    assert sweep.returncode == 0, said
    assert "5 of 5 trials completed" in said
    assert "epoch" not in said
    logs = [log.read_text() for log in tmp_path.glob("outputs/sweeps/mine/*/train.log")]
    assert len(logs) == 5
    assert all(len(re.findall("INFO sequences", log)) == 1 for log in logs)
    assert all("epoch 1/1" in log for log in logs)


def test_two_sweeps_at_once_share_the_trials(tmp_path: Path) -> None:
    sweeps = [start(tmp_path, "seed=0,1,2,3", *SHORT) for _ in range(2)]
    said = [sweep.communicate(timeout=120)[0] for sweep in sweeps]
    assert [sweep.returncode for sweep in sweeps] == [0, 0], said
    assert all("4 of 4 trials completed" in each for each in said)
    logs = [log.read_text() for log in tmp_path.glob("outputs/sweeps/mine/*/train.log")]
    assert [len(re.findall("INFO sequences", log)) for log in logs] == [1] * 4


def test_a_process_that_is_killed_fails_its_own_trial_only(tmp_path: Path) -> None:
    sweep = start(tmp_path, "seed=0,1", *LONG, *PARALLEL)
    wait_for(tmp_path, "outputs/sweeps/mine/*/checkpoints/last.ckpt", 2)
    one, other = workers(sweep.pid)
    os.kill(one, signal.SIGKILL)
    until = time.monotonic() + 30
    while workers(sweep.pid) != [other]:
        assert time.monotonic() < until, "the killed process is still there"
        time.sleep(0.05)
    assert sweep.stdout is not None
    told = ""
    while "failed" not in told:
        line = sweep.stdout.readline()
        assert line, f"the sweep ended and said {told}"
        told += line
    assert sweep.poll() is None
    sweep.send_signal(signal.SIGTERM)
    said = told + sweep.communicate(timeout=60)[0]
    assert sweep.returncode == 143
    assert re.search(r"failed: seed=[01]: its process ended \(killed by SIGKILL\)", said)
    assert "0 of 2 trials are completed; run the same line again" in said


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_saves_every_trial_and_leaves_no_process(tmp_path: Path, signum: signal.Signals, status: int) -> None:
    sweep = start(tmp_path, "seed=0,1", *LONG, *PARALLEL)
    wait_for(tmp_path, "outputs/sweeps/mine/*/checkpoints/last.ckpt", 2)
    children = workers(sweep.pid)
    os.killpg(sweep.pid, signum)
    sweep.communicate(timeout=30)
    assert sweep.returncode == status
    results = [each.read_text() for each in tmp_path.glob("outputs/sweeps/mine/*/result.json")]
    assert ["interrupted" in each for each in results] == [True, True]
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_workers_end_with_a_killed_sweep(tmp_path: Path) -> None:
    sweep = start(tmp_path, "seed=0,1", *LONG, *PARALLEL)
    wait_for(tmp_path, "outputs/sweeps/mine/*/checkpoints/last.ckpt", 2)
    children = workers(sweep.pid)
    sweep.kill()
    sweep.communicate()
    until = time.monotonic() + 30
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < until, "a worker is left"
        time.sleep(0.1)
