"""Work in several processes, with results in order and the same bits as in one."""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from itertools import islice
from typing import Any, TypeVar

import torch

In = TypeVar("In")
Out = TypeVar("Out")

_work: Callable[[Any], Any]  # in a worker process: what it does


def ahead(function: Callable[[In], Out], items: Iterable[In]) -> Iterator[Out]:
    """`map(function, items)`, computed by as many processes as there are cores, a few items ahead.

    In each process torch computes on one thread, so that the number of cores does not change a bit. Results that
    wait are few, whatever there is to do. The function goes to the processes as it is, items and results by value:
    tensors among them are best sent as numpy arrays. Threads would wait for each other: half the speed on two cores.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    left = iter(items)
    first = list(islice(left, 2 * cores))
    if cores == 1 or len(first) < 2:
        yield from map(function, [*first, *left])
        return
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(cores, mp_context=context, initializer=_begin, initargs=(function,)) as pool:
        waiting: deque[Future[Out]] = deque(pool.submit(_do, item) for item in first)
        try:
            while waiting:
                yield waiting.popleft().result()
                waiting.extend(pool.submit(_do, item) for item in islice(left, 1))
        finally:
            wait(waiting)  # they are few; an executor that ends with cancelled work can hang (once seen, Python 3.11)


def _begin(function: Callable[[Any], Any]) -> None:
    global _work
    _work = function
    torch.set_num_threads(1)


def _do(item: Any) -> Any:
    return _work(item)
