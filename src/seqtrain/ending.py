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


@contextmanager
def ending_told(run: RunFolder, facts: Result, hide: Redaction, *, seconds_before: float) -> Iterator[Result]:
    """Whatever happens within, result.json says how it ended, without what is to be hidden."""
    started = time.monotonic()
    result: Result = {}

    def tell(status: str, **more: str) -> None:
        seconds = seconds_before + time.monotonic() - started
        run.write_result({"status": status} | more | result | {"seconds": round(seconds, 3)} | facts)

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
