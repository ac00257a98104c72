"""How long it takes until a command answers, and how much a whole training costs beside a script of torch alone."""

import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.child import ROOT, cost

_TRAIN = [sys.executable, str(ROOT / "train.py")]
_ANSWERS = {
    "--help": (["--help"], 0.4),
    "--cfg job": (["--cfg", "job"], 0.4),
    "completion": (["-sc", "install=bash"], 0.4),
    "a wrong group": (["modle=lstm"], 0.4),
    "a wrong model": (["model=lsmt"], 0.4),
    "a wrong value": (["model.hidden=-1"], 1.5),
    "a +key that nothing reads": (["+optimizer.lrr=3"], 1.5),
}
_WHOLE = ["model=lstm", "data=sincos", "trainer=cpu", "trainer.max_epochs=27", "trainer.max_steps=2000"]


def starting() -> list[dict[str, Any]]:
    """Seconds of each command, the median of five; and of the whole training, three in turns."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        rows = []
        for name, (words, most) in _ANSWERS.items():
            costs = [cost([*_TRAIN, *words], folder) for _ in range(5)]
            cpu, wall = (sorted(each[kind] for each in costs) for kind in (0, 1))
            rows.append(_row(name, median(cpu), median(wall), "", f"{most} s"))
        pairs = [(cost([*_TRAIN, *_WHOLE], folder), cost(_bare(), folder)) for _ in range(3)]
        ratios = sorted(ours.cpu / bare.cpu for ours, bare in pairs)
        told = " / ".join(f"{ratio:.2f}" for ratio in ratios)
        for which, name in enumerate(("training lstm on sincos, 2,000 updates", "the same by torch alone")):
            cpu, wall = (median(pair[which][kind] for pair in pairs) for kind in (0, 1))
            rows.append(_row(name, cpu, wall, told if which == 0 else "", "2.0 times" if which == 0 else ""))
    return rows


def _bare() -> list[str]:
    return [sys.executable, str(Path(__file__).with_name("whole.py"))]


def _row(name: str, cpu: float, wall: float, ratio: str, most: str) -> dict[str, Any]:
    return {"command": name, "CPU s": cpu, "wall s": wall, "CPU over torch alone": ratio, "at most": most}
