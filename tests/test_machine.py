"""What the machine does to a run is told once, in words."""

import errno
import os
import signal
import threading
from pathlib import Path

import pytest

from seqtrain.errors import MachineFailed
from seqtrain.machine import deaths_told_later, failures_told


def in_a_thread(error: Exception) -> None:
    def fail() -> None:
        raise error

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()


def test_a_full_disk_is_told_once_whoever_meets_it_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda thrown: told.append(thrown.exc_value))
    full, other = OSError(errno.ENOSPC, "No space left on device"), RuntimeError("something else")
    with failures_told(tmp_path):
        in_a_thread(full)
    assert told == []
    in_a_thread(full)
    assert told == [full]
    with pytest.raises(MachineFailed, match="No space left"), failures_told(tmp_path):
        raise full
    in_a_thread(full)  # as TensorBoard's, which writes what is left
    in_a_thread(other)
    assert told == [full, other]


def test_the_hook_of_threads_is_given_back(tmp_path: Path) -> None:
    before = threading.excepthook
    with pytest.raises(RuntimeError, match="something else"), failures_told(tmp_path):
        raise RuntimeError("something else")
    assert threading.excepthook is before


def test_a_worker_that_dies_while_an_error_is_told_is_not() -> None:
    def tell(*_: object) -> None:
        raise RuntimeError("DataLoader worker (pid 1) is killed by signal")

    before = signal.signal(signal.SIGCHLD, tell)
    try:
        with deaths_told_later(ever=False):
            os.kill(os.getpid(), signal.SIGCHLD)
        assert signal.getsignal(signal.SIGCHLD) is tell
    finally:
        signal.signal(signal.SIGCHLD, before)
