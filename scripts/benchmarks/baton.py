"""Turns between loops: each makes some steps while the others wait, so that all meet the same state of the machine."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch


class Spent(NamedTuple):
    """Seconds."""

    cpu: float
    wall: float


class Baton:
    """Whoever holds it works; the time of every turn is kept.

    Args:
        sides: their names, in the order of their turns.
    """

    def __init__(self, sides: Sequence[str]) -> None:
        self._left = list(sides)
        self._moved = threading.Condition()
        self._holder = self._left[0]
        self._began = Spent(0.0, 0.0)
        self.turns: dict[str, list[Spent]] = {side: [] for side in sides}

    def take(self, side: str) -> None:
        """Wait for this side's turn, which begins when it comes."""
        with self._moved:
            self._moved.wait_for(lambda: self._holder == side)
        self.begin()

    def begin(self) -> None:
        """What this side did before, in its turn, is not counted."""
        self._began = _now()

    def pass_on(self, side: str) -> None:
        """The turn is over: the others have theirs."""
        ended = _now()
        self.turns[side].append(Spent(ended.cpu - self._began.cpu, ended.wall - self._began.wall))
        self._give(side)
        self.take(side)

    def leave(self, side: str) -> None:
        """No more turns for this side."""
        with self._moved:
            self._moved.wait_for(lambda: self._holder == side)
        self._give(side)
        self._left.remove(side)

    def _give(self, side: str) -> None:
        with self._moved:
            self._holder = self._left[(self._left.index(side) + 1) % len(self._left)]
            self._moved.notify_all()


def _now() -> Spent:
    return Spent(time.process_time(), time.perf_counter())


def side_by_side(works: Sequence[Callable[[], None]]) -> None:
    """Run all, the first in this thread and the others in threads of their own. Raises what one of them raised."""
    wrong: list[BaseException] = []

    def told(work: Callable[[], None]) -> None:
        torch.set_num_threads(1)  # of this thread
        try:
            work()
        except BaseException as error:
            wrong.append(error)

    first, *others = works
    torch.set_num_threads(1)
    threads = [threading.Thread(target=told, args=(work,), daemon=True) for work in others]
    for thread in threads:
        thread.start()
    first()
    for thread in threads:
        thread.join()
    if wrong:
        raise wrong[0]
