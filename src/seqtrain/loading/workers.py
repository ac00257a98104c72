"""Worker processes that read batches, and how they begin and end."""

import atexit
import multiprocessing
import signal
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader

from seqtrain.batch import Batch
from seqtrain.errors import MachineFailed
from seqtrain.machine import LOST_WORKER


def read_by_workers(reader: Any, items: Iterable[Any], workers: int) -> Iterator[Batch]:
    """`reader[item]` for each of some items, in their order, by so many processes.

    Raises MachineFailed where one of them is gone.
    """
    loader: DataLoader[Batch] = DataLoader(
        reader,
        sampler=items,  # they index the reader, which torch allows
        batch_size=None,
        num_workers=workers,
        collate_fn=None,
        multiprocessing_context="fork",
        worker_init_fn=_begin_worker,
        generator=torch.Generator(),  # its own, so that starting workers draws nothing from the model's
    )
    return _from_workers(loader)


def _from_workers(loader: Iterable[Batch]) -> Iterator[Batch]:
    try:
        yield from loader
    except (ConnectionError, EOFError) as error:  # the worker at the other end is gone; torch may not know it yet
        raise MachineFailed(LOST_WORKER) from error


def _begin_worker(_: int) -> None:
    """Leave it to the process that trains to stop, and to tell what went wrong.

    Ctrl-C and a scheduler's SIGTERM reach every process, but batches are needed to a step's end.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: signal.signal(signal.SIGTERM, signal.SIG_DFL))  # the second one ends it
    sys.excepthook = lambda *_: None  # of a thread that shares memory, when the other end is gone


@atexit.register
def _end_workers() -> None:
    """Kill workers that are left where a run failed: Python sends one SIGTERM and waits, and they wait for a second."""
    left = [each for each in multiprocessing.active_children() if each.daemon]
    if left:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # torch would raise that a worker was killed
    for each in left:
        each.kill()
