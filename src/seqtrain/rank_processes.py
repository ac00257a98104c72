"""Processes on this machine that do the same work together: started, told signals, and ended together.

The one that starts them does none of the work, so that it can end the others where one dies, whatever they wait for.
"""

import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType

from seqtrain.errors import MachineFailed, WrongInput
from seqtrain.interruption import Interrupted, end_with_parent
from seqtrain.ranks import PeerLost, joined

_GRACE = 30.0  # seconds for the others to save and end, once one has failed


class RankFailed(RuntimeError):
    """One of the processes died, or met an error that nobody foresaw; its traceback is a note."""


def run_ranks(work: Callable[[], object], count: int, *, gpu: bool) -> None:
    """Do the same work, picklable, in so many new processes that are joined; see `seqtrain.ranks`.

    Raises what ended the first process that failed: WrongInput, Interrupted or an ArithmeticError as it was raised
    there, RankFailed for anything else.
    """
    lines: dict[Connection, SpawnProcess] = {}
    with tempfile.TemporaryDirectory(prefix="seqtrain-") as folder, _signals_forwarded(lines) as signums:
        meet = (Path(folder) / "meet").as_uri()
        try:
            for rank in range(count):
                line, process = _start(work, rank, count, meet, gpu)
                lines[line] = process
            endings = _endings(lines)
        finally:
            for process in lines.values():
                process.kill()
                process.join()
    _raise_cause(endings, signums)


def _start(*args: object) -> tuple[Connection, SpawnProcess]:
    context = get_context("spawn")  # a fork would copy the locks of torch's threads, and no GPU survives one
    line, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_rank, args=(theirs, *args))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # while it imports, Ctrl-C is for this process to tell it
    try:
        process.start()
    finally:
        signal.signal(signal.SIGINT, before)
    theirs.close()
    return line, process


def _endings(lines: dict[Connection, SpawnProcess]) -> list[BaseException | None]:
    """How each process ended, by rank, None for well; the others are killed if one fails and they do not follow."""
    ranks = {line: rank for rank, line in enumerate(lines)}
    endings: list[BaseException | None] = [None] * len(lines)
    waiting, deadline, killed = set(lines), None, False
    while waiting:
        seconds = None if deadline is None else max(deadline - time.monotonic(), 0)
        ready = [each for each in wait(list(waiting), seconds) if isinstance(each, Connection)]
        if not ready:
            for line in waiting:
                lines[line].kill()
            deadline, killed = None, True
        for line in ready:
            waiting.remove(line)
            try:
                ending = line.recv()
            except (EOFError, ConnectionResetError):
                lines[line].join()
                ending = PeerLost() if killed else _death(lines[line], ranks[line], len(lines))
            endings[ranks[line]] = ending
            if ending is not None and deadline is None and not killed:
                deadline = time.monotonic() + _GRACE
    return endings


def _death(process: SpawnProcess, rank: int, count: int) -> RankFailed:
    code = process.exitcode or 0
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit status {code}"
    memory = " (often: out of memory)" if code == -signal.SIGKILL else ""
    return RankFailed(f"process {rank} of {count} {how}{memory}")


def _raise_cause(endings: list[BaseException | None], signums: list[int]) -> None:
    """Raise what ended the first process that did not only miss another one."""
    causes = [each for each in endings if each is not None and not isinstance(each, PeerLost)]
    if signums and all(isinstance(each, Interrupted | RankFailed) for each in causes) and any(endings):
        raise Interrupted(signums[0])
    if causes:
        raise causes[0]
    if endings[0] is not None:  # where the first process is well, nothing is missing
        raise RankFailed(str(endings[0]))


@contextmanager
def _signals_forwarded(lines: dict[Connection, SpawnProcess]) -> Iterator[list[int]]:
    """Tell the processes to stop when this one is told; the signals that came."""
    came: list[int] = []

    def forward(signum: int, _: FrameType | None) -> None:
        came.append(signum)
        for process in lines.values():
            if process.is_alive():
                process.terminate()

    before = {signum: signal.signal(signum, forward) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def _rank(line: Connection, work: Callable[[], object], rank: int, count: int, meet: str, gpu: bool) -> None:
    """The life of one process; at its end it says how it went."""
    end_with_parent()
    ending: BaseException | None = None
    try:
        with joined(rank, count, local=rank, meet=meet, gpu=gpu):
            work()
    except (WrongInput, Interrupted, ArithmeticError, MachineFailed, PeerLost) as error:
        ending = error
    except Exception as error:
        ending = RankFailed(f"process {rank} of {count} failed: {type(error).__name__}: {error}")
        ending.add_note("".join(traceback.format_exception(error)))
    with suppress(BrokenPipeError):  # whoever started this is gone
        line.send(ending)
