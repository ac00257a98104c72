"""Turns between processes: each makes some steps while the others wait, so that all meet the same machine."""

import os
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

import torch

_PROCESSES = get_context("spawn")


class Spent(NamedTuple):
    """Seconds of this process, and on the wall."""

    cpu: float
    wall: float


class Baton:
    """Whoever holds it works; each process keeps the time of its own turns.

    Args:
        sides: their names, in the order of their turns.
    """

    def __init__(self, sides: Sequence[str]) -> None:
        self._sides = list(sides)
        self._moved = _PROCESSES.Condition()
        self._holder = _PROCESSES.Value("i", 0)  # an index of sides
        self._working = _PROCESSES.Array("b", [1] * len(sides))
        self._began = Spent(0.0, 0.0)
        self.turns: list[Spent] = []

    def take(self, side: str) -> None:
        """Wait for this side's turn, which begins when it comes."""
        self._wait_for(self._sides.index(side))
        self.begin()

    def begin(self) -> None:
        """What this side did before, in its turn, is not counted."""
        self._began = _now()

    def pass_on(self, side: str) -> None:
        """The turn is over: the others have theirs."""
        ended = _now()
        self.turns.append(Spent(ended.cpu - self._began.cpu, ended.wall - self._began.wall))
        self._give(self._sides.index(side))
        self.take(side)

    def leave(self, side: str) -> None:
        """No more turns for this side."""
        index = self._sides.index(side)
        self._wait_for(index)
        self._working[index] = 0
        self._give(index)

    def _wait_for(self, index: int) -> None:
        with self._moved:
            self._moved.wait_for(lambda: self._holder.value == index)

    def _give(self, index: int) -> None:
        others = [(index + step) % len(self._sides) for step in range(1, len(self._sides) + 1)]
        with self._moved:
            self._holder.value = next((other for other in others if self._working[other]), index)
            self._moved.notify_all()


def _now() -> Spent:
    return Spent(time.process_time(), time.perf_counter())


def side_by_side(works: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Run each in a process of its own, with one thread; what they return. Raises what one of them raised."""
    processes, waiting = [], {}
    for name, work in works.items():
        ours, theirs = _PROCESSES.Pipe()
        processes.append(_PROCESSES.Process(target=_tell, args=(work, theirs), daemon=True))
        processes[-1].start()
        theirs.close()  # so that the end of the process is the end of the pipe
        waiting[ours] = name
    told: dict[str, Any] = {}
    try:
        while len(told) < len(works):  # whoever is first: where one fails, others wait for its turn
            for ours in wait([each for each, name in waiting.items() if name not in told]):
                told[waiting[ours]] = _told(waiting[ours], ours)  # type: ignore[index, arg-type]
    except BaseException:
        for process in processes:
            process.terminate()
        raise
    finally:
        for process in processes:
            process.join()
    return {name: told[name] for name in works}


def _tell(work: Callable[[], Any], to: Connection) -> None:
    torch.set_num_threads(1)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # the same core for all: warm, and of the same speed
    try:
        to.send(work())
    except Exception as error:
        error.add_note(traceback.format_exc())  # which is not sent
        to.send(error)


def _told(name: str, ours: Connection) -> Any:
    try:
        told = ours.recv()
    except EOFError:
        raise RuntimeError(f"the process of {name} ended without an answer") from None
    if isinstance(told, Exception):
        raise told
    return told
