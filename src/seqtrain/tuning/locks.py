"""Who may do what in a study's folder: locks of the operating system, of which a killed process leaves none."""

import fcntl
from pathlib import Path
from typing import IO


class Lock:
    """A lock that one process holds at a time; as a context manager it waits until it is free."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def acquire(self, *, waits: bool = True) -> bool:
        """Take it, which Optuna's journal asks for by this name too; whether it was taken."""
        file = open(self._path, "a")
        try:
            fcntl.lockf(file, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            if waits:
                raise
            return False
        except BaseException:  # a signal came while it waited
            file.close()
            raise
        self._file = file
        return True

    def release(self) -> None:
        assert self._file is not None
        self._file.close()
        self._file = None

    def __enter__(self) -> "Lock":
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
