"""The average of weights is a plain loop's; it is what is validated and kept, and a resumed run loses none of it."""

import json
import os
import signal
from functools import partial
from pathlib import Path

import pytest
import torch
from composing import SMALL, composed, trained
from omegaconf import OmegaConf
from test_training import rows, stop_after, weights

import seqtrain
from seqtrain.checkpoints import read_checkpoint
from seqtrain.interruption import Interrupted
from seqtrain.learner import Learner
from seqtrain.parts import prepare_parts
from seqtrain.rank_processes import run_ranks
from seqtrain.training_run import train

LSTM = ["model=lstm", "model.hidden=8", "data=sincos", *SMALL["sincos"], "data.batch_size=8", "optimizer.lr=1e-2"]
CONV = ["model=conv1d", "model.channels=[8]", "data=sketch", *SMALL["sketch"], "data.batch_size=4"]
BASE = ["trainer.progress=false", "logger=csv", "trainer.max_epochs=3"]
EMA = "trainer.ema_decay=0.9"


@pytest.mark.parametrize("model", [LSTM, CONV])
def test_the_average_is_a_plain_loops(model: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    original = Learner._step

    def recorded(self: Learner, *group: object) -> float:
        if not seen:
            seen.append({name: each.clone() for name, each in self.state_dict().items()})
        loss = original(self, *group)  # type: ignore[arg-type]
        seen.append({name: each.clone() for name, each in self.state_dict().items()})
        return loss

    monkeypatch.setattr(Learner, "_step", recorded)
    trained(tmp_path, *model, *BASE, EMA, "trainer.precision=64")
    average = dict(seen[0])
    for t, made in enumerate(seen[1:], 1):
        d = min(0.9, (1 + t) / (10 + t))
        for name, value in made.items():
            average[name] = d * average[name] + (1 - d) * value if value.is_floating_point() else value
    kept = weights(tmp_path)
    assert kept.keys() == average.keys()
    for name, value in average.items():
        torch.testing.assert_close(kept[name], value, rtol=1e-12, atol=1e-14)


def test_training_is_what_it_is_without(tmp_path: Path) -> None:
    trained(tmp_path / "without", *CONV, *BASE)
    trained(tmp_path / "with", *CONV, *BASE, EMA)
    for one, other in zip(rows(tmp_path / "without"), rows(tmp_path / "with"), strict=True):
        assert one["train/loss"] == other["train/loss"]
        assert one["val/loss"] != other["val/loss"]
    kept = read_checkpoint(tmp_path / "with" / "checkpoints" / "last.ckpt")
    (own,) = [state["weights"] for name, state in kept["callbacks"].items() if name.startswith("Averaging")]
    floating = [each for each in weights(tmp_path / "without").values() if each.is_floating_point()]
    assert all(torch.equal(one, other) for one, other in zip(own, floating, strict=True))


def test_what_is_loaded_and_tested_is_the_average(tmp_path: Path, told) -> None:  # type: ignore[no-untyped-def]
    result = trained(tmp_path / "run", *CONV, *BASE, EMA)
    kept = weights(tmp_path / "run", "best")
    loaded = seqtrain.load(tmp_path / "run").network.state_dict()
    assert all(torch.equal(kept[f"network.{name}"], each) for name, each in loaded.items())
    assert told("evaluate", str(tmp_path / "run"), "resamples=10")[0] == 0
    found = json.loads((tmp_path / "run" / "evaluations" / "test" / "metrics.json").read_text())["metrics"]
    assert found["loss"]["value"] == pytest.approx(result["metrics"]["test/loss"], rel=1e-5)


def resumed(folder: Path, *options: str) -> None:
    config = composed(*options)
    train(prepare_parts(config), folder, config=OmegaConf.to_yaml(config), overrides=[], resume=True)


def check_same(one: Path, other: Path) -> None:
    assert (one / "metrics.csv").read_text() == (other / "metrics.csv").read_text()
    for which in ("last", "best"):
        whole, cut = weights(one, which), weights(other, which)
        assert all(torch.equal(whole[name], cut[name]) for name in whole)


@pytest.mark.parametrize("model", [LSTM, CONV])
@pytest.mark.parametrize("step", [3, 7])
def test_a_killed_run_ends_with_the_same_bits(
    model: list[str], step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = [*model, *BASE, EMA, "trainer.steps_per_execution=2", "checkpoint.minutes=1e-9"]
    trained(tmp_path / "whole", *options, "trainer.steps_per_execution=32")
    stop_after(monkeypatch, step=step)
    with pytest.raises(KeyError):
        trained(tmp_path / "cut", *options)
    monkeypatch.undo()
    resumed(tmp_path / "cut", *options)
    check_same(tmp_path / "whole", tmp_path / "cut")


def test_a_run_stopped_in_a_validation_ends_with_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = [*CONV, *BASE, EMA]
    trained(tmp_path / "whole", *options)
    original = Learner.validation_step

    def stopped(self: Learner, *batch: object) -> None:
        original(self, *batch)  # type: ignore[arg-type]
        if self.current_epoch == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Learner, "validation_step", stopped)
    with pytest.raises(Interrupted):
        trained(tmp_path / "cut", *options)
    monkeypatch.undo()
    resumed(tmp_path / "cut", *options)
    check_same(tmp_path / "whole", tmp_path / "cut")


DDP = [*CONV, *BASE, EMA, "trainer=ddp", "trainer.max_epochs=2", "trainer.steps_per_execution=2"]
DDP += ["trainer.precision=64", "model.dropout=0"]  # masks differ between processes


def train_together(folder: Path) -> None:
    trained(folder / "whole", *DDP)
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, step=7)
        with pytest.raises(KeyError):
            trained(folder / "cut", *DDP, "checkpoint.minutes=1e-9")
    resumed(folder / "cut", *DDP)


def test_processes_that_train_together_have_one_average(tmp_path: Path) -> None:
    run_ranks(partial(train_together, tmp_path), 2, gpu=False)
    check_same(tmp_path / "whole", tmp_path / "cut")
    trained(tmp_path / "alone", *DDP, "trainer=cpu")
    one, two = weights(tmp_path / "alone"), weights(tmp_path / "whole")
    for name, weight in one.items():
        torch.testing.assert_close(two[name], weight, rtol=0, atol=1e-9)
