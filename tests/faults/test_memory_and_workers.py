"""Memory that runs out and a worker process that dies: one message with the remedy, and the run goes on."""

import os
import resource
import signal
from pathlib import Path

import pytest
import torch
from composing import SMALL, trained
from runs import EVERY_CHUNK, LSTM, Process, differences, ends, start

from seqtrain.errors import MachineFailed
from seqtrain.learner import Learner
from seqtrain.machine import failures_told
from seqtrain.run_folder import RunFolder

LARGE = [*LSTM, EVERY_CHUNK, "model.hidden=128", "data.train_size=1024", "data.batch_size=256", "data.length=200"]
LARGE += ["trainer.max_epochs=2", "trainer.steps_per_execution=1"]
LARGE += ["trainer.keep_memory=false"]


def told_once(process: Process, what: str) -> None:
    """In one message with the remedy, without a traceback, and in result.json too."""
    assert process.told().count(what) == 1, process.told()
    frames = [line for line in process.told().splitlines() if line.lstrip().startswith("File ")]
    ours = [line for line in frames if "multiprocessing" not in line]  # whose thread may meet the dead worker too
    assert not ours, process.told()
    assert "continue with: seqtrain train resume=run" in process.told()
    result = RunFolder(process.folder / "run").read_result()
    assert result["status"] == "failed"
    assert what in result["cause"]


def test_a_batch_too_large_for_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # arrays go back to the system when they are freed: else what the first updates took may be all that is needed
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "65536")
    start(tmp_path / "whole", *LARGE).done()
    cut = tmp_path / "cut"
    process = start(cut, *LARGE, stop_at="before step @3 #1")
    assert process.wait() is None, process.told()
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[0])
    size = pages * resource.getpagesize()
    resource.prlimit(process.pid, resource.RLIMIT_AS, (size, size))  # not a byte more
    process.go_on()
    assert process.wait() == 1, process.told()
    told_once(process, "out of memory on this process")
    assert "lower data.batch_size" in process.told()
    start(cut, "resume=run").done()
    assert differences(ends(tmp_path / "whole" / "run"), ends(cut / "run")) == []


@pytest.mark.parametrize(
    "said",
    [
        "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes",
        "could not create a primitive",
        "unable to mmap 8 bytes from file </x>: Cannot allocate memory (12)",
    ],
)
def test_words_of_libraries_for_no_memory(said: str, tmp_path: Path) -> None:
    with pytest.raises(MachineFailed, match=r"out of memory on this process \(.*lower"), failures_told(tmp_path):
        raise RuntimeError(said)


def test_a_gpu_without_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Learner._step

    def out_of_memory(self: Learner, *args: object) -> float:
        if self.trainer.global_step == 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nSee documentation")
        return original(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Learner, "_step", out_of_memory)
    words = ["model=rnn", "data=sincos", *SMALL["sincos"], "trainer.progress=false", "logger=none"]
    with pytest.raises(MachineFailed, match=r"out of memory on the GPU \(CUDA .* 2\.00 GiB\.\): .* data\.batch_size"):
        trained(tmp_path, *words)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


MANY = [*LSTM, EVERY_CHUNK, "data.train_size=160", "data.val_size=400"]  # batches that no worker has read ahead


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """How that run ends undisturbed, with any number of workers."""
    folder = tmp_path_factory.mktemp("whole")
    start(folder, *MANY).done()
    return ends(folder / "run")


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("place", ["before step @6 #1", "before hook on_validation_batch_start @20 #1"])
def test_a_worker_that_is_killed(place: str, workers: int, whole: dict[str, object], tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    process = start(cut, *MANY, f"data.workers={workers}", stop_at=place)
    assert process.wait() is None, process.told()
    there = children(process.pid)
    assert len(there) == workers
    os.kill(there[0], signal.SIGKILL)
    process.go_on()
    assert process.wait() == 1, process.told()
    told_once(process, "a worker process that reads data was killed or died")
    assert "data.workers=0 or fewer" in process.told()
    start(cut, "resume=run").done()
    assert differences(whole, ends(cut / "run")) == []
