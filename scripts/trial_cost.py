"""What a trial of a sweep costs beyond its training: python scripts/trial_cost.py [key=value ...]

CPU seconds of nine trials, one after another in one process: each trial's whole, less its epochs of steps, validation
and a save. So checks, data, the test, figures and logs are in it. The first trial also pays for imports.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from seqtrain.commands import main
from seqtrain.sweeps import serial

WORDS = ["-m", "seed=range(9)", "sweep=cost", "model=rnn", "data=sincos", "trainer.max_epochs=5", "threads=1"]


def cpu() -> float:
    """Of this process and those that it started and that ended."""
    return sum(os.times()[:4])


def timed(call: Callable[..., Any], seconds: list[float]) -> Callable[..., Any]:
    def wrapper(*args: Any) -> Any:
        since = cpu()
        try:
            return call(*args)
        finally:
            seconds.append(cpu() - since)

    return wrapper


def costs() -> list[float]:
    """Of each trial."""
    from pytorch_lightning.loops.fit_loop import _FitLoop

    whole: list[float] = []
    epochs: list[float] = []
    for part in ("advance", "on_advance_end"):
        setattr(_FitLoop, part, timed(getattr(_FitLoop, part), epochs))
    serial.train_and_show = timed(serial.train_and_show, whole)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        assert main(["train", *WORDS, "trainer.progress=false", *sys.argv[1:]]) == 0
    each = len(epochs) // len(whole)
    return [seconds - sum(epochs[each * n : each * (n + 1)]) for n, seconds in enumerate(whole)]


if __name__ == "__main__":
    first, *later = costs()
    told = ", ".join(f"{seconds:.2f}" for seconds in later)
    print(f"\nCPU seconds beyond training: {first:.2f}, then {told}: {sum(later) / len(later):.2f} on average")
