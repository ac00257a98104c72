"""How time and memory grow: with the length of sequences, the batch, the hidden size, and the number of sequences."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.baton import Baton
from benchmarks.cases import CASES
from benchmarks.ours import seqtrain
from benchmarks.side import Side, turns_of
from benchmarks.terminal import terminal
from seqtrain.figures.style import QUIET, SMALL, TRUE, panels, pixels, tidy, title
from seqtrain.store.chunks import Chunk
from seqtrain.store.files import write_whole

LENGTHS = (50, 158, 500, 1580, 5000)
BATCHES = (8, 32, 128, 512)
HIDDEN = (16, 32, 64, 128, 256)
SEQUENCES = (2_000, 10_000, 100_000, 1_000_000, 10_000_000)
FIGURE = Path("docs/figures/scaling.png")
_UPDATES = 8  # of an epoch
_STEPS, _AT_ONCE, _BATCH = 8, 1000, 128  # of many sequences: steps of each, written at once, in a batch
_TITLES = {"length": "steps of a sequence", "batch": "batch", "hidden": "hidden", "sequences": "sequences, mapped"}
_TRAIN = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from large_store import train
print(json.dumps(train(Path(sys.argv[1]), "lstm", 60)))
"""


def scaling() -> list[dict[str, Any]]:
    """A row for each size; and the figure."""
    rows = [_trained("length", value, length=value) for value in LENGTHS]
    rows += [_trained("batch", value, batch=value) for value in BATCHES]
    rows += [_trained("hidden", value, hidden=value) for value in HIDDEN]
    rows += [_mapped(value) for value in SEQUENCES]
    draw(rows)
    return rows


def _trained(what: str, value: int, *, length: int = 50, batch: int = 32, hidden: int = 32) -> dict[str, Any]:
    """An update of an LSTM on sincos."""
    case = replace(
        CASES["lstm"],
        settings=(
            *("model=lstm", f"model.hidden={hidden}", "data=sincos", f"data.length={length}"),
            *(
                f"data.batch_size={batch}",
                f"data.train_size={_UPDATES * batch}",
                "data.val_size=32",
                "data.test_size=32",
            ),
        ),
    )
    baton = Baton(["seqtrain"])
    with TemporaryDirectory() as folder, terminal():
        seqtrain(case, Side("seqtrain", baton, Baton(["seqtrain"])), Path(folder) / "run")
    last = baton.turns[-len(turns_of(_UPDATES)) :]
    return _row(what, value, 1e3 * sum(turn.cpu for turn in last) / _UPDATES)


def _mapped(count: int) -> dict[str, Any]:
    """The same of a set that is mapped from a file, in a process of its own, and MiB that no file holds (RssAnon)."""
    steps = torch.randn(_AT_ONCE, _STEPS, 3, generator=torch.Generator().manual_seed(0))

    def chunks() -> Iterator[Chunk]:
        for start in range(0, count, _AT_ONCE):
            some = min(_AT_ONCE, count - start)
            labels = [index % 10 for index in range(some)]
            names = [f"sequence {start + index}" for index in range(some)]
            yield Chunk(list(steps[:some] + start / count), {"label": labels}, {"name": names}, done=some)
        yield Chunk(facts={"labels": [str(label) for label in range(10)]})

    with TemporaryDirectory() as place:
        path = Path(place) / "many.safetensors"
        write_whole(path, chunks())
        said = subprocess.run(
            [sys.executable, "-c", _TRAIN, str(path), str(Path(__file__).parents[1])],
            check=True,
            stdout=subprocess.PIPE,
        )
    told = json.loads(said.stdout)
    return _row("sequences", count, 1e3 * _BATCH / told["rate"], told["MiB"])


def _row(what: str, value: int, milliseconds: float, memory: float | None = None) -> dict[str, Any]:
    return {"grows": what, "to": value, "ms an update, CPU": milliseconds, "RssAnon MiB": memory}


def draw(rows: list[dict[str, Any]]) -> None:
    """Milliseconds against each size, on logarithmic axes; a dotted line is of slope one."""
    from matplotlib.ticker import NullFormatter
    from PIL import Image

    kinds = list(dict.fromkeys(row["grows"] for row in rows))
    figure, axes = panels(len(kinds), columns=2, width=3.4, height=2.3)
    for axis, kind in zip(axes, kinds, strict=True):
        points = [(row["to"], row["ms an update, CPU"]) for row in rows if row["grows"] == kind]
        sizes, times = zip(*points, strict=True)
        tidy(axis)
        axis.loglog(sizes, times, marker="o", markersize=4, color=TRUE)
        if kind == "sequences":
            axis.set_ylim(min(times) / 2, max(times) * 5)  # so flat a line fills no panel
        else:
            axis.loglog(sizes, [times[-1] * size / sizes[-1] for size in sizes], linestyle=":", color=QUIET)
        axis.set_xticks(sizes, [_short(size) for size in sizes])
        for side in (axis.xaxis, axis.yaxis):
            side.set_minor_formatter(NullFormatter())  # labels between the powers of ten run into each other
        title(axis, f"{_TITLES[kind]}")
        axis.set_ylabel("ms an update", fontsize=SMALL)
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(figure)).quantize(64).save(FIGURE, optimize=True)


def _short(size: int) -> str:
    """5,000; 10k, 10M."""
    for unit, sign in ((1_000_000, "M"), (1_000, "k")):
        if size >= 10 * unit or size == unit:
            return f"{size // unit}{sign}"
    return f"{size:,}"
