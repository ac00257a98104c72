"""A run that is killed again and again, wherever it was, ends as one that was left alone, to the bit.

SIGKILL comes from outside, to the process group. Places are every hook of Lightning, before and after; every update,
before and after; every file that is opened, renamed, linked or removed in the run's folder.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from runs import EVERY_CHUNK, LSTM, ROOT, Process, again, differences, ends, start

from seqtrain.checkpoints import read_checkpoint
from seqtrain.run_folder import RunFolder

CONV = ["model=conv1d", "model.channels=[4]", "model.dropout=0.1", "data=mel", "data.train_size=30", "data.shift=8"]
CONV += ["data.test_size=6", "data.batch_size=4", "trainer.max_epochs=6", "trainer.max_steps=13", "logger=csv"]
CONV += ["trainer.check_val_every_n_epoch=2", "scheduler=plateau", "scheduler.patience=1", "trainer.progress=false"]
CONV += ["callbacks=early_stopping", "trainer.accumulate_grad_batches=2", "trainer.steps_per_execution=2"]
CARRIED = ["data.carry_state=true", "data.windows=10", "model.initial_state=random"]
KINDS = {
    "saved at every chunk": [*LSTM, EVERY_CHUNK],
    "saved at an epoch's end": LSTM,
    "accumulated, augmented, stopped within an epoch": [*CONV, EVERY_CHUNK],
    "a state carried from window to window": [*LSTM, *CARRIED, EVERY_CHUNK],
}
Kill = Callable[[Process], bool]  # gives back whether the run was still there


def undisturbed(folder: Path, words: list[str]) -> list[str]:
    """Train without a disturbance; every place that was reached."""
    process = start(folder / "whole", *words, trace=folder / "places")
    assert process.wait() == 0, process.told()
    return (folder / "places").read_text().splitlines()


def hold_ends(folder: Path, whole: Path, words: list[str], kills: list[str | float], *, workers: int) -> list[str]:
    """Kill a run at places or after seconds, let it end, and compare; the places at which it was killed."""
    words = [*words, f"data.workers={workers}"]
    hit = []
    for kill in kills:
        process = again(folder, words, stop_at=kill if isinstance(kill, str) else None)
        try:
            status = process.wait(120 if isinstance(kill, str) else kill)
        except TimeoutError:
            assert not isinstance(kill, str), f"did not end before {kill}"
            status = None
        if status is None:
            assert process.end() == -9
            hit.append(kill if isinstance(kill, str) else "at a random time")
        else:
            assert status == 0, process.told()[-2000:]
    last = again(folder, words)
    assert last.wait() == 0, last.told()[-2000:]
    found = differences(ends(whole), ends(folder / "run"))
    assert not found, f"killed {kills}, workers={workers}: {found}"
    assert not list((folder / "run").rglob("*.tmp"))
    return hit


def hold_all(folder: Path, words: list[str], plan: Callable[[list[str]], list[list[str | float]]]) -> None:
    """Disturb a run in every way of the plan, and print what was hit."""
    places = undisturbed(folder, words)
    hit: list[str] = []
    ways = plan(places)
    for number, kills in enumerate(ways):
        hit += hold_ends(folder / str(number), folder / "whole" / "run", words, kills, workers=number % 3)
    random_times = hit.count("at a random time")
    print(f"\n{len(ways)} of {len(ways)} runs equal to the bit after {len(hit)} kills, {random_times} at random times")
    if found := set(hit) - {"at a random time"}:
        kinds = Counter("file" if place.startswith("file") else place.split()[1] for place in found)
        print(f"{len(found)} of {len(set(places))} places hit: {dict(kinds)}")
    assert len(hit) >= 0.5 * sum(map(len, ways)), "most of the kills came too late"


def grouped(kills: list[str], seed: int) -> list[list[str | float]]:
    """One to three kills a run, in the order in which a run comes to their places."""
    draws = random.Random(seed)
    order = {place: number for number, place in enumerate(kills)}
    left = draws.sample(kills, len(kills))
    ways: list[list[str | float]] = []
    while left:
        count = draws.randint(1, 3)
        ways.append([*sorted(left[:count], key=order.__getitem__)])
        left = left[count:]
    return ways


@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_some_places(kind: str, tmp_path: Path) -> None:
    hold_all(tmp_path, KINDS[kind], lambda places: grouped(random.Random(kind).sample(places, 5), seed=1))


@pytest.mark.faults
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_every_place(kind: str, tmp_path: Path) -> None:
    hold_all(tmp_path, KINDS[kind], lambda places: grouped(places, seed=2))


@pytest.mark.faults
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_random_times(kind: str, tmp_path: Path) -> None:
    draws = random.Random(3)
    hold_all(
        tmp_path,
        KINDS[kind],
        lambda _: [[draws.uniform(0.05, 0.6) for _ in range(draws.randint(1, 3))] for _ in range(34)],
    )


def test_the_real_command_killed_once(tmp_path: Path) -> None:
    """`python train.py` itself, cold: importing torch is within what is killed."""
    hold_the_command(tmp_path, [("saved", 0.4)])


@pytest.mark.faults
def test_the_real_command_killed_often(tmp_path: Path) -> None:
    draws = random.Random(4)
    hold_the_command(tmp_path, [("saved", draws.uniform(0, 0.8)) for _ in range(7)] + [("started", 1.5)] * 3)


def hold_the_command(folder: Path, kills: list[tuple[str, float]]) -> None:
    """Kill it so many seconds after it has started, or after it has saved its state once more."""
    words = [*LSTM, EVERY_CHUNK, "trainer.max_epochs=60"]
    start(folder / "whole", *words).done()
    (cut := folder / "cut").mkdir()
    reached = []
    for since, seconds in kills:
        before = update(cut)
        process = command(cut, words)
        while since == "saved" and update(cut) == before and process.poll() is None:
            time.sleep(0.02)
        try:
            assert process.wait(seconds) == 0, (cut / "log").read_text()
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            reached.append(update(cut))
    assert command(cut, words).wait() == 0, (cut / "log").read_text()
    print(f"\nkilled {len(reached)} times, with checkpoints of the updates {reached}")
    assert len(reached) >= len(kills) / 2
    assert differences(ends(folder / "whole" / "run"), ends(cut / "run")) == []


def command(folder: Path, words: list[str]) -> "subprocess.Popen[bytes]":
    typed = ["resume=run"] if RunFolder(folder / "run").config.exists() else [*words, "hydra.run.dir=run"]
    with open(folder / "log", "ab") as log:
        line = [sys.executable, str(ROOT / "train.py"), *typed]
        return subprocess.Popen(line, cwd=folder, start_new_session=True, stdout=log, stderr=log)


def update(folder: Path) -> int:
    """That its last checkpoint is of."""
    last = RunFolder(folder / "run").last
    step: int = read_checkpoint(last)["seqtrain"]["step"] if last.exists() else 0
    return step
