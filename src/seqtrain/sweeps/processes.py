"""The trials of a sweep in several processes on this machine."""

import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from seqtrain.interruption import Interrupted, end_with_parent
from seqtrain.ranges import Count
from seqtrain.sweeps.serial import spare_the_collector
from seqtrain.sweeps.trial import Outcome, Trial, train_trial

_GRACE = 30.0  # seconds that a process has to save and end


class Processes:
    """Several processes on this machine, each started once and fed with one trial after another.

    A process that dies, as one that runs out of memory does, fails its own trial and no other: the pools of Python's
    executors and of joblib break as a whole, so this feeds its own. What a trial says goes to its log.

    Args:
        processes: how many; null for one on each GPU, or else on each CPU.
    """

    def __init__(self, *, processes: Count | None = None) -> None:
        self.processes = processes

    def __call__(self, trials: Sequence[Trial]) -> Iterator[Outcome]:
        gpus = _gpus()
        cpus = len(os.sched_getaffinity(0))
        count = min(self.processes or gpus or cpus, len(trials))
        places = [_place(index, gpus, max(cpus // count, 1)) for index in range(count)]
        waiting = deque(trials)
        workers: dict[Connection, _Worker] = {}
        try:
            for place in places:
                worker = _Worker(place, waiting.popleft())
                workers[worker.line] = worker
            while workers:
                for line in wait(list(workers)):
                    assert isinstance(line, Connection)
                    worker = workers.pop(line)
                    yield worker.outcome()
                    if not waiting:
                        worker.end()
                        continue
                    if not worker.send(waiting[0]):  # it died
                        worker.end()
                        worker = _Worker(worker.place, waiting[0])
                    waiting.popleft()
                    workers[worker.line] = worker
        finally:
            for worker in workers.values():  # only where something stopped the loop: each saves, and ends
                worker.process.terminate()
            for worker in workers.values():
                worker.end()


class _Worker:
    """A process, the line to it, and the trial that it is at."""

    def __init__(self, place: dict[str, str], trial: Trial) -> None:
        context = get_context("spawn")  # a fork would copy the threads' locks of torch
        self.place = place
        self.line, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_serve, args=(theirs,), daemon=False)
        with _environment(place):  # which torch reads when it is imported
            self.process.start()
        theirs.close()
        self.send(trial)

    def send(self, trial: Trial) -> bool:
        """Whether the process still was there to take it."""
        self.trial = trial
        try:
            self.line.send(trial)
        except BrokenPipeError:
            return False
        return True

    def outcome(self) -> Outcome:
        try:
            outcome = self.line.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            code = self.process.exitcode or 0
            how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
            return Outcome(self.trial, "failed", f"its process ended ({how}); SIGKILL often means: out of memory")
        assert isinstance(outcome, Outcome)
        return outcome

    def end(self) -> None:
        self.line.close()
        self.process.join(_GRACE)
        self.process.kill()
        self.process.join()


def _serve(line: Connection) -> None:
    """A worker's life: one trial after another, until nobody is there to send one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal: the first one tells us
    end_with_parent()
    try:
        line.send(train_trial(line.recv()))
        spare_the_collector()
        while True:
            line.send(train_trial(line.recv()))
    except (EOFError, BrokenPipeError):
        pass
    except Interrupted as error:
        raise SystemExit(128 + error.signum) from None


@contextmanager
def _environment(more: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _place(index: int, gpus: int, threads: int) -> dict[str, str]:
    """The environment of a process: its share of the threads, and its GPU."""
    share = {"OMP_NUM_THREADS": str(threads)}
    return share | ({"CUDA_VISIBLE_DEVICES": _visible(gpus)[index % gpus]} if gpus else {})


def _visible(gpus: int) -> list[str]:
    said = os.environ.get("CUDA_VISIBLE_DEVICES")
    return said.split(",") if said else [str(index) for index in range(gpus)]


def _gpus() -> int:
    import torch

    return torch.cuda.device_count()
