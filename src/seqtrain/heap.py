"""The process's heap: while a model trains or answers, freed memory is kept for the next batch."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

# of glibc's malloc.h
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_MIB = 1 << 20


@contextmanager
def memory_kept() -> Iterator[None]:
    """Have glibc keep freed memory within; it goes back to the system at the end.

    By default arrays of some megabytes are the system's again as soon as they are freed, and every page of the next is
    cleared and mapped anew: a quarter of the time of a training step whose activations are large. Nothing happens where
    the C library is another.
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallopt") or not hasattr(libc, "malloc_trim"):
        yield
        return
    libc.mallopt(_MMAP_MAX, 0)
    libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1)  # bytes, as many as it takes
    try:
        yield
    finally:  # where glibc's own, which grow as large arrays are freed, end up
        libc.mallopt(_MMAP_MAX, 65536)
        libc.mallopt(_MMAP_THRESHOLD, 32 * _MIB)
        libc.mallopt(_TRIM_THRESHOLD, 64 * _MIB)
        libc.malloc_trim(0)
