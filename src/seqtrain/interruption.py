"""Ctrl-C and SIGTERM: finish the step, save, stop."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_PATIENCE = 5.0  # seconds after which another signal no longer waits for the step to end


class Interrupted(Exception):
    """Training was asked to stop, and its state is saved.

    Args:
        signum: the signal that asked.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(f"stopped by {signal.Signals(signum).name}")
        self.signum = signum


class Interruption:
    """Whether someone asked to stop, as `signum`; before and after training a signal acts at once."""

    def __init__(self) -> None:
        self.signum: int | None = None
        self._training = False
        self._asked_at = 0.0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals over, and give them back at the end."""
        before = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
        self.take_over()
        try:
            yield
        finally:
            for signum, handler in before.items():
                signal.signal(signum, handler)

    def take_over(self) -> None:
        """Receive the signals, whoever received them until now."""
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, self._receive)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Within, a signal waits for the end of the step."""
        self._training = True
        try:
            yield
        finally:
            self._training = False
        if self.signum is not None:  # it came after the last step
            raise Interrupted(self.signum)

    def _receive(self, signum: int, _: FrameType | None) -> None:
        now = time.monotonic()
        if not self._training or (self.signum is not None and now - self._asked_at > _PATIENCE):
            raise Interrupted(signum)
        if self.signum is None:
            self.signum, self._asked_at = signum, now
