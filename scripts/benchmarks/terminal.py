"""A terminal that nobody sees, so that progress bars do what they do on one."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from unittest.mock import patch


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return sys.__stdout__.fileno()


@contextmanager
def terminal() -> Iterator[None]:
    """Within, standard output and error are one."""
    unseen = _Terminal()
    with (
        redirect_stdout(unseen),
        redirect_stderr(unseen),
        patch("os.get_terminal_size", lambda *_: os.terminal_size((80, 24))),
    ):
        yield
