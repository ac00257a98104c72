"""Keeps what libraries in C write of a damaged file from standard error: seqtrain tells it, once."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()


@contextmanager
def silence() -> Iterator[None]:
    """Within, nothing reaches standard error, whoever writes it: so keep it to one call of such a library."""
    with _lock:  # two that put back what the other had set would close it for good
        try:
            kept = os.dup(2)
        except OSError:  # the process has none
            yield
            return
        try:
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
