"""A Parquet file that brings its reader down is told like any other bad file, and the next one is read."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from seqtrain.datasets import parquet_trial
from seqtrain.datasets.parquet_trial import try_parquet
from seqtrain.errors import WrongInput


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.parquet"
    pl.DataFrame({"a": [1.0, 2.0]}).write_parquet(path)
    return path


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("os.abort()", r"what reads it broke down with status -6"),
        ("os.kill(os.getpid(), 9)", r"what reads it broke down with status -9"),
        ("raise pl.exceptions.PanicException('oh no')", "oh no"),
        ("raise pl.exceptions.ComputeError('cut\\nhere')", r"\(cut\)"),
    ],
)
def test_whatever_happens_to_the_reader_is_told(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, told: str
) -> None:
    parquet_trial._stop()
    spoilt, source = tmp_path / "reader.py", parquet_trial._READER.read_text()
    spoilt.write_text(
        source.replace("        try:\n", f"        try:\n            if 'bad' in line: import os; {end}\n")
    )
    monkeypatch.setattr(parquet_trial, "_READER", spoilt)
    bad = good.with_name("bad.parquet")
    bad.write_bytes(good.read_bytes())
    for _ in range(2):
        try_parquet(good)
        with pytest.raises(WrongInput, match=rf"bad\.parquet cannot be read as Parquet .*{told}"):
            try_parquet(bad)
    parquet_trial._stop()


def test_an_answer_that_was_not_waited_for_is_no_answer_to_the_next_file(good: Path) -> None:
    bad = good.with_name("bad.parquet")
    bad.write_bytes(good.read_bytes()[:-9])

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    try_parquet(good)
    before = signal.signal(signal.SIGALRM, stop)
    try:
        for _ in range(20):
            with contextlib.suppress(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, 1e-4)
                try_parquet(good)
                time.sleep(1)  # an alarm that comes after the answer ends this and not the test
            with pytest.raises(WrongInput):
                try_parquet(bad)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_reader_that_was_ended_is_started_again(good: Path) -> None:
    try_parquet(good)
    assert parquet_trial._process is not None
    os.kill(parquet_trial._process.pid, signal.SIGKILL)
    parquet_trial._process.wait()
    try_parquet(good)


def test_the_reader_ends_with_the_program_whoever_else_holds_its_input(good: Path) -> None:
    code = f"""
import os, pathlib, time
from seqtrain.datasets import parquet_trial
parquet_trial.try_parquet(pathlib.Path({str(good)!r}))
print(parquet_trial._process.pid, flush=True)
if os.fork() == 0:
    os.closerange(0, 3)
    time.sleep(3)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20)
    assert done.stderr == ""
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)
