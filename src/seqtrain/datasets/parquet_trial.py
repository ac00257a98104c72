"""Parquet files are tried in a process of their own first: some damage brings polars down, and its process with it."""

import atexit
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from seqtrain.errors import WrongInput

_READER = Path(__file__).with_name("parquet_reader.py")
_process: "subprocess.Popen[str] | None" = None


def try_parquet(path: Path) -> None:
    """WrongInput where a file cannot be read to its end, in whatever way that fails.

    The process is started the first time, in a third of a second, and ends with this one.
    """
    process = _running()
    assert process.stdin is not None
    assert process.stdout is not None
    answer = ""
    try:
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(str(path.absolute())) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
    except BaseException:  # a signal: the answer would be read as that of the next file
        _stop()
        raise
    if answer:
        wrong, panicked = json.loads(answer)
    else:
        wrong, panicked = f"what reads it broke down with status {process.wait()}", True
    if panicked:
        _stop()
    if wrong is not None:
        raise WrongInput(f"{path} cannot be read as Parquet ({wrong}): it may be cut or damaged; fetch it again")


def _running() -> "subprocess.Popen[str]":
    global _process
    if _process is not None and _process.poll() is not None:
        _stop()  # somebody else ended it
    if _process is None:
        command = [sys.executable, "-P", str(_READER)]
        _process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
        )
        atexit.register(_stop)
    return _process


def _stop() -> None:
    global _process
    if _process is not None:
        _process.kill()  # its standard input may stay open in worker processes, so that it would not end by itself
        with suppress(BrokenPipeError), _process:  # closes the pipes and waits
            _process = None
    atexit.unregister(_stop)
