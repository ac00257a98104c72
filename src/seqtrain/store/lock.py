"""How two processes that want to make the same file come to make it once."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_log = logging.getLogger("seqtrain")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Within the block no other process is in a block of the same path; waits, and says so, until it may enter.

    The lock is the operating system's, so that a process that was killed leaves none behind.
    """
    with path.open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _log.info("waiting for another process, which makes %s", path.stem)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
