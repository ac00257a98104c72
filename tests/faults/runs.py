"""Runs as processes that a test starts, stops, hurts and compares."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch

from seqtrain.checkpoints import read_checkpoint
from seqtrain.run_folder import RunFolder

ROOT = Path(__file__).parents[2]
_TIMES = ("seconds", "cpu_seconds", "date", "resumed")  # what an undisturbed run says otherwise

LSTM = ["model=lstm", "model.hidden=6", "model.num_layers=2", "model.dropout=0.3", "data=sincos"]
LSTM += ["data.train_size=40", "data.val_size=8", "data.test_size=8", "data.length=12", "data.batch_size=8"]
LSTM += ["trainer.max_epochs=3", "trainer.progress=false", "trainer.steps_per_execution=2"]
EVERY_CHUNK = "checkpoint.minutes=1e-9"  # saves after every call of the training step


class Forks:
    """The warm interpreter of `fork_server`, and what it said of its processes."""

    def __init__(self) -> None:
        line = [sys.executable, str(Path(__file__).with_name("fork_server.py"))]
        self._server = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._said: dict[int, list[int | None]] = {}  # None: it stopped itself
        self._started: list[int] = []
        self._left = b""
        self._hear(time.monotonic() + 300)

    def start(self, cwd: Path, words: list[str], **more: Any) -> int:
        order = {"cwd": str(cwd), "words": words, "env": {}, "watch": None, "calls": None} | more
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(order).encode() + b"\n")
        self._server.stdin.flush()
        while not self._started:
            self._hear(time.monotonic() + 60)
        return self._started.pop()

    def next(self, pid: int, seconds: float) -> int | None:
        """The exit status of a process, or None where it stopped itself. TimeoutError: neither so far."""
        deadline = time.monotonic() + seconds
        while not self._said.get(pid):
            self._hear(deadline)
        return self._said[pid].pop(0)

    def _hear(self, deadline: float) -> None:
        assert self._server.stdout is not None
        output = self._server.stdout.fileno()
        if not select.select([output], [], [], max(deadline - time.monotonic(), 0))[0]:
            raise TimeoutError
        piece = os.read(output, 1 << 16)
        assert piece, self._server.stderr.read().decode() if self._server.stderr is not None else ""
        *lines, self._left = (self._left + piece).split(b"\n")
        for line in lines:
            said = json.loads(line)
            if "started" in said:
                self._started.append(said["started"])
            elif "stopped" in said:
                self._said.setdefault(said["stopped"], []).append(None)
            elif "ended" in said:
                self._said.setdefault(said["ended"], []).append(said["status"])


@cache
def forks() -> Forks:
    """The one of this process."""
    return Forks()


@dataclass(frozen=True)
class Process:
    """A command that runs."""

    pid: int
    folder: Path  # where it was started

    def wait(self, seconds: float = 120) -> int | None:
        """Its exit status, or None where it stopped itself at the place it was told. TimeoutError: neither so far."""
        return forks().next(self.pid, seconds)

    def done(self, status: int = 0) -> "Process":
        """It itself, ended with that exit status."""
        assert self.wait() == status, self.told()[-3000:]
        return self

    def kill(self, signum: int = signal.SIGKILL) -> None:
        """A signal to all of its process group."""
        os.killpg(self.pid, signum)

    def end(self) -> int | None:
        """SIGKILL to all of it, and its exit status."""
        self.kill()
        return self.wait()

    def go_on(self) -> None:
        """After it stopped itself."""
        os.kill(self.pid, signal.SIGCONT)

    def told(self) -> str:
        """What it, and those before it, wrote to the terminal."""
        return (self.folder / "log").read_text()


def start(
    folder: Path,
    *words: str,
    stop_at: str | None = None,
    pause: float = 0.0,
    trace: Path | None = None,
    run: str = "run",
    env: Mapping[str, str] = {},
) -> Process:
    """`seqtrain train` in a folder, with its run folder in `run`.

    Args:
        stop_at: a place at which it stops itself, as `trace` names them.
        pause: seconds that it stays there after it goes on.
        trace: a file that is told every place that is reached.
    """
    folder.mkdir(parents=True, exist_ok=True)
    resumes = any(word.startswith("resume=") for word in words)
    line = ["train", *words, *([] if resumes else [f"hydra.run.dir={run}"])]
    watch = (
        None if stop_at is None and trace is None else {"stop_at": stop_at, "pause": pause, "folder": str(folder / run)}
    )
    if watch is not None:
        watch["trace"] = None if trace is None else str(trace)
    return Process(
        forks().start(folder, line, watch=watch, env=dict(env)),
        folder,
    )


def again(folder: Path, words: list[str], **more: Any) -> Process:
    """Go on with a run, or start it where it had not come to save its state."""
    run = RunFolder(folder / "run")
    return start(folder, *(["resume=run"] if run.config.exists() else words), **more)


def ends(run: Path) -> dict[str, Any]:
    """All that a run ended with, to compare to the bit."""
    folder = RunFolder(run)
    result = {key: value for key, value in folder.read_result().items() if key not in _TIMES}
    return {
        "result": result,
        "metrics.csv": folder.metrics.read_bytes(),
        "last": _plain(read_checkpoint(folder.last)),
        "best": _plain(read_checkpoint(folder.best)),
    }


def differences(one: Any, other: Any, place: str = "") -> list[str]:
    """Where two ends differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            each
            for key in {**one, **other}
            for each in differences(one.get(key, "missing"), other.get(key, "missing"), f"{place}/{key}")
        ]
    return [] if one == other else [f"{place}: {str(one)[:80]}, not {str(other)[:80]}"]


def _plain(content: Any) -> Any:
    if isinstance(content, torch.Tensor):
        return (str(content.dtype), tuple(content.shape), content.detach().reshape(-1).view(torch.uint8).tolist())
    if isinstance(content, dict):
        return {str(key): _plain(value) for key, value in content.items()}
    return [_plain(value) for value in content] if isinstance(content, list | tuple) else content
