"""Ctrl-C and SIGTERM: finish the step, save, stop."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


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

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals over, and give them back at the end."""
        before = {signum: signal.signal(signum, self._receive) for signum in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for signum, handler in before.items():
                signal.signal(signum, handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Within, a signal waits for the end of the step."""
        self._training = True
        try:
            yield
        finally:
            self._training = False

    def _receive(self, signum: int, _: FrameType | None) -> None:
        if not self._training:
            raise Interrupted(signum)
        self.signum = self.signum or signum
