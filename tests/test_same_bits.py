"""The same seed gives the same bits, whoever reads the data."""

from pathlib import Path

import pytest
import torch
from composing import SMALL, trained

from seqtrain.checkpoints import read_checkpoint

BASE = ["trainer.max_epochs=2", "trainer.progress=false", "logger=csv", "data.batch_size=8"]


def run(folder: Path, *overrides: str) -> tuple[dict[str, torch.Tensor], str]:
    threads = torch.get_num_threads()
    try:
        trained(folder, *BASE, *overrides)
    finally:
        torch.set_num_threads(threads)
    return read_checkpoint(folder / "checkpoints" / "last.ckpt")["state_dict"], (folder / "metrics.csv").read_text()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("data", ["mel", "sketch"])
def test_workers_change_no_bit(data: str, threads: int, tmp_path: Path) -> None:
    model = ["model=conv1d", "model.channels=[8]", "model.dropout=0.1"]
    augment = {"mel": ["data.time_masks=1", "data.shift=8"], "sketch": ["data.rotate=10"]}[data]
    base = [*model, f"data={data}", *SMALL[data], *augment, f"threads={threads}"]
    weights, rows = run(tmp_path / "0", *base)
    for workers in (1, 2):
        other, other_rows = run(tmp_path / str(workers), *base, f"data.workers={workers}")
        assert rows == other_rows
        assert all(torch.equal(weights[name], other[name]) for name in weights)


@pytest.mark.parametrize("steps", [1, 3])
def test_steps_per_execution_change_no_bit(steps: int, tmp_path: Path) -> None:
    base = ["model=lstm", "model.num_layers=2", "model.dropout=0.5", "data=sincos", *SMALL["sincos"]]
    weights, rows = run(tmp_path / "all", *base)
    other, other_rows = run(tmp_path / "some", *base, f"trainer.steps_per_execution={steps}")
    assert rows == other_rows
    assert all(torch.equal(weights[name], other[name]) for name in weights)


def test_another_seed_gives_another_model(tmp_path: Path) -> None:
    base = ["model=gru", "data=sincos", *SMALL["sincos"]]
    _, rows = run(tmp_path / "a", *base)
    _, again = run(tmp_path / "b", *base)
    _, other = run(tmp_path / "c", *base, "seed=1")
    assert rows == again
    assert rows != other
