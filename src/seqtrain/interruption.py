"""Ctrl-C and SIGTERM: finish the step, save, stop; and what is raised where a training ends early."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any

_PATIENCE = 5.0  # seconds after which another signal no longer waits for the step to end


class Interrupted(BaseException):
    """Training was asked to stop, and its state is saved.

    Like KeyboardInterrupt no Exception: a library that is interrupted may catch those, and make others of them.

    Args:
        signum: the signal that asked.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(f"stopped by {signal.Signals(signum).name}")
        self.signum = signum

    def __reduce__(self) -> tuple[type["Interrupted"], tuple[int]]:
        return Interrupted, (self.signum,)


class Pruned(Exception):
    """Training was given up, being behind the others of its search, and its state is saved."""


def end_with_parent() -> None:
    """From now on, stop as SIGTERM does when the process that started this one is gone."""
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


class Interruption:
    """Whether someone asked this process to stop, as `signum`; before and after training a signal acts at once.

    Args:
        agree: the largest of the numbers that the processes give which train together.
    """

    def __init__(self, agree: Callable[[int], int] = int) -> None:
        self._agree = agree
        self.signum: int | None = None
        self._training = False
        self._asked_at = 0.0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals over, and give them back at the end."""
        before = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
        for signum in before:
            signal.signal(signum, self._receive)
        try:
            yield
        finally:
            for signum, handler in before.items():
                signal.signal(signum, handler if self.signum is None else partial(self._receive_late, handler))

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Within, a signal waits for the end of the step."""
        self._training = True
        try:
            yield
        finally:
            self._training = False
        self.stop_if_asked()  # it came after the last step

    def asked(self) -> int | None:
        """The signal by which this process, or one that trains with it, was asked to stop."""
        return self._agree(self.signum or 0) or None

    def stop_if_asked(self) -> None:
        """Raise Interrupted in every process, if one of them was asked to stop."""
        signum = self.asked()
        if signum is not None:
            raise Interrupted(signum)

    def _receive_late(self, handler: Any, signum: int, _: FrameType | None) -> None:
        """After the run has stopped: the same wish again, while the command ends, changes nothing."""
        if time.monotonic() - self._asked_at > _PATIENCE:
            signal.signal(signum, handler)
            os.kill(os.getpid(), signum)

    def _receive(self, signum: int, _: FrameType | None) -> None:
        now, before = time.monotonic(), self.signum
        if before is not None and now - self._asked_at <= _PATIENCE:
            return  # the same wish again: a scheduler tells each process, and the first process tells the others
        self.signum, self._asked_at = signum, now
        if before is not None or not self._training:
            raise Interrupted(signum)
