"""What training from a mapped store costs beside training from memory, with as many drawings as asked for.

    python scripts/large_store.py 10_000_000 --drawings data/quickdraw --work large_store

writes that many drawings (the real ones again and again, every byte of them on disk), and then opens and trains in
processes of their own: mapped with nothing of the file in memory yet, mapped again, and last mapped and copied into
memory by turns. Memory is RssAnon: pages of the mapped file count as resident but are the system's to take back.
Speed is by CPU time, since other work on the machine disturbs that least. The file is removed at the end.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from seqtrain.batch import Batch
from seqtrain.datasets.quickdraw import QuickDraw
from seqtrain.datasets.strokes import step_scale
from seqtrain.loading.data import load_data
from seqtrain.loading.settings import Loading
from seqtrain.models.conv import ConvStack
from seqtrain.models.recurrent import Recurrent
from seqtrain.network import Normalize
from seqtrain.sequences import Sets
from seqtrain.store.bar import counted
from seqtrain.store.chunks import Chunk
from seqtrain.store.files import open_store, write_whole

_VAL, _BATCH = 1000, 128


def anonymous() -> float:
    """MiB that this process holds and no file does."""
    return int(re.findall(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())[0]) / 1024


class Stored:
    """A store as a data set."""

    def __init__(self, path: Path) -> None:
        start = time.perf_counter()
        self.store = open_store(path)
        self.opening = time.perf_counter() - start

    def load(self, seed: int) -> Sets:
        targets, names = self.store.columns["label"], self.store.texts["name"]
        train, val = torch.arange(len(self.store) - _VAL), torch.arange(len(self.store) - _VAL, len(self.store))
        return Sets(
            train=self.store.sequences(train, targets[train], names.select(train)),
            val=self.store.sequences(val, targets[val], names.select(val)),
            test=None,
            predicts="classes",
            classes=tuple(self.store.facts["labels"]),
            view="drawing",
            normalize=step_scale,
        )


class Small:
    """A small model and its optimizer."""

    def __init__(self, model: str, features: int, classes: int, normalize: torch.nn.Module) -> None:
        torch.manual_seed(0)
        self.normalize = normalize
        self.backbone: Recurrent | ConvStack = (
            Recurrent(features, cell="lstm", hidden=64)
            if model == "lstm"
            else ConvStack(features, channels=[32, 32], kernel_size=5)
        )
        self.head = torch.nn.Linear(self.backbone.out_features, classes)
        self.optimizer = torch.optim.Adam([*self.backbone.parameters(), *self.head.parameters()], lr=1e-3)

    def update(self, batch: Batch) -> torch.Tensor:
        outputs, lengths = self.backbone(self.normalize(batch.inputs, batch.lengths), batch.lengths)
        loss = torch.nn.functional.cross_entropy(self.head(outputs.sum(1) / lengths[:, None]), batch.targets)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss


def make(path: Path, drawings: Path, size: int) -> float:
    """Write the store; how many seconds it took."""
    real = QuickDraw(folder=str(drawings), test_fraction=0.0).load(0)
    steps = [real.train.batch(torch.tensor([i])).inputs[0] for i in range(len(real.train))]
    labels = real.train.targets.tolist()

    def chunks() -> Iterator[Chunk]:
        for start in range(0, size, len(steps)):
            count = min(len(steps), size - start)
            names = [f"drawing {start + i}" for i in range(count)]
            yield Chunk(steps[:count], {"label": labels[:count]}, {"name": names}, done=count)
        yield Chunk(facts={"labels": list(real.classes)})

    start = time.perf_counter()
    write_whole(path, counted(chunks(), "Writing", size, "drawings"))
    return time.perf_counter() - start


def train(path: Path, model: str, updates: int) -> dict[str, float]:
    """Train from the mapped file through all of loading."""
    torch.set_num_threads(1)
    start = time.perf_counter()
    data_set = Stored(path)
    data = load_data(data_set, Loading(batch_size=_BATCH, duplicates="warn"), seed=0)
    ready = time.perf_counter() - start
    assert data.statistics is not None
    small = Small(model, data.spec.features, data.spec.width, Normalize(data.statistics))
    start = time.perf_counter()
    chunks = data.training(seed=0, accumulate=1, chunk=1, total_steps=updates, position=lambda: 0)
    first, most, used, loss = 0.0, 0.0, time.process_time(), torch.zeros(())
    for update, batch in enumerate(batch for groups in chunks for group in groups for batch in group):
        first = first or time.perf_counter() - start
        loss = small.update(batch)
        if update % 20 == 0:
            most = max(most, anonymous())
    rate = updates * _BATCH / (time.process_time() - used)
    opening = data_set.opening
    return {"opening": opening, "ready": ready, "first": first, "MiB": most, "rate": rate, "loss": loss.item()}


def by_turns(path: Path, model: str, updates: int) -> dict[str, list[float]]:
    """Drawings a CPU second from the mapped file and from memory: the same batches, A B A B A B."""
    torch.set_num_threads(1)
    mapped = Stored(path).load(0).train
    parts = {"mapped": mapped, "memory": replace(mapped, steps=mapped.steps.clone())}
    drawn = torch.randint(len(mapped), (updates * _BATCH,), generator=torch.Generator().manual_seed(0))
    order = [
        batch
        for pool in drawn.split(20 * _BATCH)
        for batch in pool[mapped.lengths[pool].argsort(stable=True)].split(_BATCH)
    ]
    small = Small(model, mapped.features, int(mapped.targets.max()) + 1, Normalize(step_scale(mapped.select(drawn))))
    rates: dict[str, list[float]] = {name: [] for name in parts}
    for turn in range(4):
        for name, part in parts.items():
            used = time.process_time()
            for indices in order:
                small.update(part.batch(indices))
            if turn:  # the first touches the pages
                rates[name].append(len(drawn) / (time.process_time() - used))
    return rates


def evict(path: Path) -> None:
    """Take the file out of the system's memory."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", type=int)
    parser.add_argument("--drawings", type=Path, required=True, help="a folder of ndjson files")
    parser.add_argument("--work", type=Path, required=True, help="a folder for the file, on a disk with room")
    parser.add_argument("--updates", type=int, default=200)
    parser.add_argument("--models", nargs="+", choices=("lstm", "conv1d"), default=["lstm", "conv1d"])
    parser.add_argument("--part", choices=("train", "turns"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    path = given.work / "large.safetensors"
    if given.part:
        measure = train if given.part == "train" else by_turns
        print(json.dumps(measure(path, given.models[0], given.updates)))
        return
    given.work.mkdir(parents=True, exist_ok=True)
    try:
        seconds = make(path, given.drawings, given.size)
        print(f"{given.size:,} drawings, {path.stat().st_size / 1e9:.2f} GB, written in {seconds:.0f} s")
        print("model   file   opening s  ready s  first batch s  RssAnon MiB  drawings / CPU s  loss")
        for model in given.models:
            for held in ("cold", "warm"):
                if held == "cold":
                    evict(path)
                row = measured("train", model)
                print(
                    f"{model:7} {held:6} {row['opening']:9.3f} {row['ready']:8.1f} {row['first']:14.2f} "
                    f"{row['MiB']:12.0f} {row['rate']:17.0f}  {row['loss']:.6f}",
                    flush=True,
                )
            rates = measured("turns", model)
            ratios = sorted(mapped / memory for mapped, memory in zip(rates["mapped"], rates["memory"], strict=True))
            told = ", ".join(f"{name} {', '.join(f'{rate:.0f}' for rate in each)}" for name, each in rates.items())
            print(f"{model}, by turns, drawings / CPU s: {told}; ratio {', '.join(f'{r:.2f}' for r in ratios)}")
    finally:
        shutil.rmtree(given.work)


def measured(part: str, model: str) -> dict[str, Any]:
    """What this script measures in a process of its own."""
    command = [sys.executable, *sys.argv, "--part", part, "--models", model]
    result: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return result


if __name__ == "__main__":
    main()
