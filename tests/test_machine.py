"""What the machine does to a run is told once, in words."""

import errno
import threading
from pathlib import Path

import pytest

from seqtrain.errors import MachineFailed
from seqtrain.machine import failures_told


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
