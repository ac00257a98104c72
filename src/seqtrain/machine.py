"""What stops a run from outside: no space, no memory, a worker process that died; each in a message with its remedy."""

import errno
import re
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from seqtrain.errors import MachineFailed, WrongInput

_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
_NO_MEMORY = re.compile(
    r"can't allocate memory|out of memory|cannot allocate memory|unable to mmap|could not create a (primitive|memory)",
    re.IGNORECASE,
)  # the last words are oneDNN's
_WORKER = re.compile(r"DataLoader worker \(pid")

LOST_WORKER = (
    "a worker process that reads data was killed or died (often: out of memory): "
    "resume, with data.workers=0 or fewer workers if it happens again"
)


@contextmanager
def failures_told(folder: Path) -> Iterator[None]:
    """Within, what the machine does to a run is raised as MachineFailed; every other error as it is.

    Args:
        folder: of the run; what is free there is told.
    """
    before, full = threading.excepthook, False
    threading.excepthook = partial(_only_unknown, before)
    try:
        yield
    except Exception as error:
        full = is_of_disk(error)
        if isinstance(error, MachineFailed | WrongInput):
            raise
        told = _told(error, folder)
        if told is None:
            raise
        raise MachineFailed(told) from error
    finally:
        if not full:  # else TensorBoard's thread may meet the disk later
            threading.excepthook = before


def is_of_disk(error: BaseException | None) -> bool:
    """Whether it is that a disk took no more, or came of it."""
    return _of_disk(error) is not None


def _of_disk(error: BaseException | None) -> OSError | None:
    """The disk's own error: libraries raise another one while they handle it."""
    while error is not None and not (isinstance(error, OSError) and error.errno in _DISK):
        error = error.__cause__ or error.__context__
    return error


def not_written(path: Path, error: Exception) -> MachineFailed:
    """What is raised where a file could not be written."""
    reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
    free = shutil.disk_usage(path.parent).free / 1e6
    return MachineFailed(
        f"could not save {path}: {reason} ({free:,.1f} MB are free there): make room or lift the limit, then resume"
    )


def _only_unknown(tell: Callable[[threading.ExceptHookArgs], object], thrown: threading.ExceptHookArgs) -> None:
    """TensorBoard's thread ends with an error that the training's thread meets at its next point of a curve."""
    if not is_of_disk(thrown.exc_value):
        tell(thrown)


def _tells_of_a_worker(error: Exception) -> bool:
    """Whether it is torch's word that a worker process has ended, which it raises wherever this process is."""
    return isinstance(error, RuntimeError) and _WORKER.search(str(error)) is not None


@contextmanager
def deaths_told_later(*, ever: bool = True) -> Iterator[None]:
    """Within, torch's word that a worker has died, which comes as a signal, is kept until the end.

    Raised while torch writes an archive it would leave a writer behind that ends the whole process, when it comes to
    be cleared away and its file is closed; while an ending is written, that would say nothing.

    Args:
        ever: whether it is raised then; not where another error is on its way.
    """
    before = signal.getsignal(signal.SIGCHLD)
    if before is None or threading.current_thread() is not threading.main_thread():  # it is not told here
        yield
        return
    came: list[int] = []
    signal.signal(signal.SIGCHLD, lambda signum, _: came.append(signum))
    try:
        yield
    finally:
        signal.signal(signal.SIGCHLD, before)
    if ever and came and callable(before):
        before(came[-1], None)


def _told(error: Exception, folder: Path) -> str | None:
    import torch

    full = _of_disk(error)
    if full is not None:
        path = Path(full.filename) if isinstance(full.filename, str) else folder
        return str(not_written(path, full))
    if _tells_of_a_worker(error):
        return LOST_WORKER
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or _NO_MEMORY.search(str(error)):
        first = (str(error) or "no more to be had").splitlines()[0]
        where = "the GPU" if isinstance(error, torch.OutOfMemoryError) else "this process"
        return (
            f"out of memory on {where} ({first}): free some and resume, or start a new run with a lower "
            "data.batch_size (trainer.accumulate_grad_batches keeps the sequences of an update)"
        )
    return None
