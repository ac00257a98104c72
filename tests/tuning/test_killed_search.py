"""A search that is killed, or shared, ends as one that was left alone: with its total, none lost, none twice."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import optuna

SPACE = "model.hidden: {kind: int, range: [2, 64]}\noptimizer.lr: {kind: float, range: [1e-4, 1e-2], log: true}\n"
LINE = [sys.executable, "-m", "seqtrain", "tune", "model=rnn", "space=mine", "--config-dir", "mine", "sweep=found"]
TINY = [
    "logger=csv",
    "pruner=none",
    "data.train_size=64",
    "data.val_size=8",
    "data.test_size=8",
    "trainer.max_epochs=12",
]
FOUND = "outputs/sweeps/found"


def search(folder: Path, *words: str) -> "subprocess.Popen[str]":
    (folder / "mine/space").mkdir(parents=True, exist_ok=True)
    (folder / "mine/space/mine.yaml").write_text(SPACE)
    pipe, out = subprocess.PIPE, subprocess.STDOUT
    return subprocess.Popen([*LINE, *TINY, *words], cwd=folder, text=True, stdout=pipe, stderr=out)


def wait_for(folder: Path, pattern: str) -> None:
    until = time.monotonic() + 60
    while not list((folder / FOUND).glob(pattern)):
        assert time.monotonic() < until, f"{pattern} did not come"
        time.sleep(0.01)


def trials(folder: Path) -> list[tuple[Any, ...]]:
    backend = optuna.storages.journal.JournalFileBackend(str(folder / FOUND / "study.journal"))
    study = optuna.load_study(study_name="search", storage=optuna.storages.JournalStorage(backend))
    return [(each.number, each.state.name, each.params, each.value, each.intermediate_values) for each in study.trials]


def logs(folder: Path) -> list[str]:
    return [log.read_text() for log in sorted((folder / FOUND).glob("*/train.log"))]


def test_a_killed_search_ends_as_one_that_was_left_alone(tmp_path: Path) -> None:
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    undisturbed = search(alone, "trials=3", "pruner=median")
    for pattern in ("000,*/metrics.csv", "001,*/metrics.csv"):
        process = search(killed, "trials=3", "pruner=median")
        wait_for(killed, pattern)
        process.kill()
        process.communicate()
        assert [state for _, state, *_ in trials(killed)][-1] == "RUNNING"
    process = search(killed, "trials=3", "pruner=median")
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 0, said
    assert re.search(r"trial 1 \(going on, 2 of 3\)", said)
    undisturbed.communicate(timeout=120)
    assert undisturbed.returncode == 0
    assert trials(killed) == trials(alone)
    assert len(trials(killed)) == len(logs(killed)) == 3


def test_a_stop_is_clean(tmp_path: Path) -> None:
    process = search(tmp_path, "trials=2")
    wait_for(tmp_path, "000,*/metrics.csv")
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 143
    assert "stopped by SIGTERM: 1 of 2 trials; run the same line again" in said
    (result,) = (tmp_path / FOUND).glob("000,*/result.json")
    assert json.loads(result.read_text())["status"] == "interrupted"
    assert [state for _, state, *_ in trials(tmp_path)] == ["RUNNING"]


def test_two_processes_share_a_search(tmp_path: Path) -> None:
    processes = [search(tmp_path, "trials=5", "trainer.max_epochs=6") for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert [(number, state) for number, state, *_ in trials(tmp_path)] == [(n, "COMPLETE") for n in range(5)]
    assert [len(re.findall("INFO sequences", log)) for log in logs(tmp_path)] == [1] * 5
    trained = [set(re.findall(r"^trial (\d+)", each, re.M)) for each in said]
    assert trained[0] | trained[1] == {str(number) for number in range(5)}
    assert trained[0] & trained[1] == set()
    assert all("5 trials, 5 completed" in each for each in said)
    assert not [name for name in os.listdir(tmp_path / FOUND) if name.endswith(".tmp")]
