"""The process's heap: while a model trains or answers, freed memory is kept for the next batch."""

import ctypes
from contextlib import ContextDecorator
from functools import cache
from pathlib import Path
from threading import Lock
from types import TracebackType

# of glibc's malloc.h
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_MIB = 1 << 20
_GROWTH = 1.25  # what is given back has to be cleared and mapped anew


class memory_kept(ContextDecorator):
    """Have glibc keep freed memory within; after the outermost it goes back to the system.

    By default arrays of some megabytes are the system's again as soon as they are freed, and every page of the next is
    cleared and mapped anew: a quarter of the time of a training step whose activations are large. It takes up to twice
    the memory, where arrays are of many sizes. Afterwards glibc's thresholds are those that it comes to by
    itself, whatever MALLOC_… said. Nothing happens where the C library is another.
    """

    _within = 0
    _lock = Lock()
    _most: int | None = None  # pages, from which on `give_back` does so

    def __enter__(self) -> None:
        libc = _glibc()
        with memory_kept._lock:
            if libc is not None and memory_kept._within == 0:
                libc.mallopt(_MMAP_MAX, 0)
                libc.mallopt(_TRIM_THRESHOLD, -1)  # never
                memory_kept._most = None
            memory_kept._within += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        libc = _glibc()
        with memory_kept._lock:
            memory_kept._within -= 1
            if libc is not None and memory_kept._within == 0:
                libc.mallopt(_MMAP_MAX, 65536)
                libc.mallopt(_MMAP_THRESHOLD, 32 * _MIB)
                libc.mallopt(_TRIM_THRESHOLD, 64 * _MIB)
                libc.malloc_trim(0)


def give_back() -> None:
    """Within `memory_kept`, free memory goes back to the system where the process has grown by more than a quarter.

    What was freed in pieces of many sizes fits less and less of what is new. To be called each time when about as much
    was done: a quarter more is meant than after the first call, or after the first since memory was given back.
    """
    libc = _glibc()
    if libc is None or not memory_kept._within:
        return
    now = int(Path("/proc/self/statm").read_text().split()[1])  # pages in memory
    if memory_kept._most is None:
        memory_kept._most = int(_GROWTH * now)
    elif now > memory_kept._most:
        libc.malloc_trim(0)
        memory_kept._most = None


@cache
def _glibc() -> ctypes.CDLL | None:
    """What this process allocates with, where it is glibc, or has its functions."""
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
