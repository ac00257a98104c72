"""What a command costs as a process of its own."""

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Cost(NamedTuple):
    """Seconds: user and system time of the process and those that it waited for; and on the wall."""

    cpu: float
    wall: float


def cost(command: Sequence[str], folder: Path) -> Cost:
    """Run a command in a folder, whatever its exit status; Python keeps compiled modules, as it does by default."""
    path = f"{ROOT / 'src'}:{os.environ.get('PYTHONPATH', '')}"
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, _, used = os.wait4(process.pid, 0)
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - began)
