"""A fixed backbone reads each training sequence once, and the training has the same bits as if it read all again."""

from pathlib import Path

import pytest
import torch
from composing import SMALL, composed, trained
from torch import Tensor

from seqtrain.batch import Batch
from seqtrain.checkpoints import read_checkpoint
from seqtrain.models.minirocket import MiniRocket
from seqtrain.parts import prepare_parts
from seqtrain.remembered import Remembered
from seqtrain.training_run import train

TINY = ["model=minirocket", "model.features=200", "trainer.max_epochs=3", "trainer.progress=false", "logger=csv"]
SETS = {
    "equal": ["data=mel", *SMALL["mel"]],
    "unequal": ["data=sketch", *SMALL["sketch"], "data.scale=0", "data.drop=0"],
}


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> dict[bool, int]:
    """How many sequences the backbone read, by whether it was in training."""
    seen = {True: 0, False: 0}
    real = MiniRocket.forward

    def forward(self: MiniRocket, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        seen[self.training] += len(inputs)
        return real(self, inputs, lengths)

    monkeypatch.setattr(MiniRocket, "forward", forward)
    return seen


def weights(folder: Path) -> dict[str, Tensor]:
    return read_checkpoint(folder / "checkpoints" / "last.ckpt")["state_dict"]


def assert_same(one: Path, other: Path) -> None:
    assert (one / "metrics.csv").read_text() == (other / "metrics.csv").read_text()
    first, second = weights(one), weights(other)
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("data", SETS)
def test_the_bits_are_those_of_reading_again(
    data: str, tmp_path: Path, read: dict[bool, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(tmp_path / "once", *TINY, *SETS[data])
    once = read.copy()
    monkeypatch.setattr(MiniRocket, "fixed", False)
    trained(tmp_path / "again", *TINY, *SETS[data])
    epochs = 3
    sets = composed(*TINY, *SETS[data]).data
    training = sets.train_size - sets.test_size  # as many validate as test
    assert once[True] == training
    assert read[True] - once[True] == epochs * training
    assert read[False] - once[False] - once[False] == (epochs - 1) * sets.test_size
    assert_same(tmp_path / "once", tmp_path / "again")


def test_a_run_that_is_resumed_ends_with_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = [*TINY, *SETS["unequal"], "data.batch_size=4"]
    trained(tmp_path / "whole", *options)
    real, calls = Remembered.__call__, iter(range(13))  # five batches train in an epoch, and three validate

    def fail(self: Remembered, batch: Batch) -> Tensor:
        if next(calls, None) is None:
            raise KeyError
        return real(self, batch)

    monkeypatch.setattr(Remembered, "__call__", fail)
    with pytest.raises(KeyError):
        trained(tmp_path / "cut", *options)
    monkeypatch.undo()
    train(prepare_parts(composed(*options)), tmp_path / "cut", config="", overrides=[], resume=True)
    assert_same(tmp_path / "whole", tmp_path / "cut")


@pytest.mark.parametrize("change", ["data.scale=0.1", "data.mixup=0.2"])
def test_what_is_augmented_is_read_every_time(change: str, tmp_path: Path, read: dict[bool, int]) -> None:
    trained(tmp_path, *TINY, *SETS["unequal"], change)
    assert read[True] == 3 * 20
