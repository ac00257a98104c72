"""How a run ended, as its result.json says it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from seqtrain.divergence import Diverged
from seqtrain.errors import MachineFailed, WrongInput
from seqtrain.interruption import Interrupted, Pruned
from seqtrain.machine import deaths_told_later
from seqtrain.ranks import PeerLost
from seqtrain.redaction import Redaction
from seqtrain.run_folder import RunFolder

Result = dict[str, Any]

# CPU time is of this process: not of workers or other ranks
_CLOCKS = {"seconds": time.monotonic, "cpu_seconds": time.process_time}


@contextmanager
def ending_told(run: RunFolder, facts: Result, hide: Redaction, *, before: Result) -> Iterator[Result]:
    """Whatever happens within, result.json says how it ended and what it cost, without what is to be hidden.

    Args:
        run: folder of the run.
        facts: what result.json says besides.
        hide: what to hide.
        before: result.json of the run that goes on here, {} of a new one: its seconds count too.
    """
    started = {name: clock() for name, clock in _CLOCKS.items()}
    result: Result = {}

    def tell(status: str, **more: str) -> None:
        spent = {name: round(before.get(name, 0.0) + clock() - started[name], 3) for name, clock in _CLOCKS.items()}
        run.write_result({"status": status} | more | result | spent | facts)

    tell("running")
    try:
        yield result
    except BaseException as error:
        with deaths_told_later(ever=False), suppress(MachineFailed):  # the disk that is full; what is raised says so
            tell(**_ending(error, hide))
        raise
    tell("completed")


def _ending(error: BaseException, hide: Redaction) -> dict[str, str]:
    """What result.json says of it."""
    ends = {Interrupted: "interrupted", Pruned: "pruned", Diverged: "diverged", MachineFailed: "failed"}
    for kind, status in ends.items():
        if isinstance(error, kind):
            return {"status": status, "cause": hide(str(error))}
    return {"status": "failed", "cause": hide(f"{type(error).__name__}: {error}")}


def retell(folder: Path, error: Exception | Interrupted, hide: Redaction) -> None:
    """Put into result.json what the first process could not know: it was killed, or it lost the one that failed."""
    with suppress(WrongInput), RunFolder(folder) as run:
        told = run.read_result()
        if told.get("status") == "running" or told.get("cause", "").startswith(PeerLost.__name__):
            run.write_result(told | _ending(error, hide))
