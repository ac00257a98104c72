"""Ctrl-C and SIGTERM: the run saves its last step, stops within five seconds, and goes on to the same bits."""

import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from runs import LSTM, Process, differences, ends, start

from seqtrain.checkpoints import read_checkpoint
from seqtrain.run_folder import RunFolder

ASKED = {"SIGTERM": (signal.SIGTERM, 1), "Ctrl-C": (signal.SIGINT, 1), "Ctrl-C thrice": (signal.SIGINT, 3)}
PLACES = {
    "data": "before data @0 #1",
    "first batch": "before batch @0 #1",
    "first step": "before step @0 #1",
    "mid-epoch": "before step @7 #1",
    "within a call": "before step @6 #1",
    "reading a batch": "before batch @5 #2",
    "between calls": "after hook on_train_batch_end @7 #1",
    "an epoch's last step": "before step @9 #1",
    "before validation": "before hook on_validation_start @5 #1",
    "validation": "before hook on_validation_batch_start @10 #1",
    "the last validation": "before hook on_validation_batch_start @15 #1",
    "validated": "after hook on_validation_end @10 #1",
    "the epoch's end": "before hook on_train_epoch_end @10 #1",
    "its save": "file open last.ckpt.tmp @10 #1",
    "saved": "file os.rename best.ckpt.tmp @10 #1",
    "the training's end": "before hook on_train_end @15 #1",
    "test": "before hook on_test_batch_start @15 #1",
    "figures": "file open loss_curve.png @15 #1",
    "the last figure": "file open predicted_curves.png @15 #1",
}
SOME = ["data", "mid-epoch", "the last validation", "test", "figures"]
VALIDATED_TWICE = [*LSTM, "data.val_size=24", "trainer.steps_per_execution=2"]  # several calls of the validation step


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("whole")
    start(folder, *VALIDATED_TWICE).done()
    return ends(folder / "run")


def ask(process: Process, signum: int, times: int) -> float:
    """Signal the whole process group, as a terminal does, while it is at its place; when that was."""
    os.killpg(process.pid, signum)
    process.go_on()
    asked = time.monotonic()
    for _ in range(times - 1):
        time.sleep(0.05)
        with suppress(ProcessLookupError):  # it is quick
            os.killpg(process.pid, signum)
    return asked


def hold(folder: Path, whole: dict[str, object], place: str, asked_by: str, workers: int) -> None:
    signum, times = ASKED[asked_by]
    words = [*VALIDATED_TWICE, f"data.workers={workers}"]
    process = start(folder, *words, stop_at=PLACES[place], pause=0.3)
    assert process.wait() is None, process.told()
    since = ask(process, signum, times)
    assert process.wait(10) == 128 + signum, process.told()
    assert time.monotonic() - since <= 5
    run = RunFolder(folder / "run")
    assert run.read_result()["status"] == "interrupted"
    assert re.search(rf"stopped by {signal.Signals(signum).name}\n", process.told())
    assert "continue with: seqtrain train resume=run" in process.told()
    assert "Traceback" not in process.told()
    step = int(re.search(r"@(\d+)", PLACES[place])[1])
    saved = read_checkpoint(run.last)["seqtrain"]["step"] if run.last.exists() else 0
    assert 0 <= saved - step <= 1
    again = start(folder, "resume=run")
    assert again.wait() == 0, again.told()
    assert differences(whole, ends(run.path)) == []


@pytest.mark.parametrize(("place", "asked_by"), [(place, [*ASKED][n % 3]) for n, place in enumerate(SOME)])
def test_a_signal(place: str, asked_by: str, whole: dict[str, object], tmp_path: Path) -> None:
    hold(tmp_path, whole, place, asked_by, workers=0)


def test_a_signal_to_the_workers_too(whole: dict[str, object], tmp_path: Path) -> None:
    hold(tmp_path, whole, "mid-epoch", "SIGTERM", workers=2)


@pytest.mark.faults
@pytest.mark.parametrize(
    ("place", "asked_by", "workers"),
    [
        (place, asked_by, workers)
        for place in PLACES
        for asked_by in ASKED
        for workers in ([0] if "before batch" in PLACES[place] else [0, 1, 2])  # others read batches in the workers
    ],
)
def test_every_signal_at_every_place(
    place: str, asked_by: str, workers: int, whole: dict[str, object], tmp_path: Path
) -> None:
    hold(tmp_path, whole, place, asked_by, workers=workers)
