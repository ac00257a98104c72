"""What holds on a GPU; skipped where there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from composing import SMALL, composed, trained
from test_training import TINY, rows, stop_after, weights

from seqtrain.captured import Captured
from seqtrain.divergence import Diverged
from seqtrain.graphs import Graphs
from seqtrain.learner import Learner
from seqtrain.models.recurrent import Recurrent
from seqtrain.parts import prepare_parts
from seqtrain.training_run import train

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU, which these tests are of")

GPU = ["trainer=gpu", "trainer.progress=false", "logger=csv"]
LSTM = ["model=lstm", "data=sincos", "data.train_size=520", *SMALL["sincos"][1:], "model.hidden=32", *GPU]
CONV = ["model=conv1d", "data=mel", *SMALL["mel"], "data.batch_size=8", *GPU]
DRAWN = ["model=sketchmate", "data=sketch", *SMALL["sketch"], "data.batch_size=8", "data.length_pool=4", *GPU]
KINDS = {"lstm": LSTM, "conv1d": CONV, "sketchmate": DRAWN}


@pytest.fixture
def losses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The loss of every update, where a call makes one."""
    found: list[float] = []
    settled = Learner._settled
    monkeypatch.setattr(Learner, "_settled", lambda self: found.append(settled(self)) or found[-1])
    return found


def test_a_graph_gives_the_losses_of_single_kernels(
    tmp_path: Path, losses: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    options = [*LSTM, "trainer.max_epochs=7", "trainer.max_steps=110", "trainer.steps_per_execution=1"]
    trained(tmp_path / "graph", *options)
    trained(tmp_path / "kernels", *options, "trainer.cuda_graph=never")
    graph, kernels = torch.tensor(losses).view(2, -1)[:, :100]
    torch.testing.assert_close(graph, kernels, rtol=0, atol=1e-5)
    assert "without CUDA graphs" not in caplog.text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("precision", ["32", "bf16"])
@pytest.mark.parametrize("graph", ["auto", "never"])
def test_a_seed_gives_the_same_bits(kind: str, precision: str, graph: str, tmp_path: Path) -> None:
    options = [*KINDS[kind], f"trainer.precision={precision}", "trainer.max_epochs=2", f"trainer.cuda_graph={graph}"]
    trained(tmp_path / "one", *options)
    trained(tmp_path / "other", *options)
    one, other = weights(tmp_path / "one"), weights(tmp_path / "other")
    assert all(torch.equal(one[name], other[name]) for name in one)


DROPS = ["model.num_layers=2", "model.dropout=0.3"]


@pytest.mark.parametrize("graph", ["auto", "never"])
@pytest.mark.parametrize(
    ("options", "cut"),
    [
        ([*LSTM, *DROPS, "trainer.max_epochs=4"], 45),
        ([*LSTM, *DROPS, "trainer.max_epochs=4", "model.bidirectional=true"], 45),
        ([*DRAWN, "trainer.max_epochs=8"], 17),
    ],
    ids=["forwards", "both ways", "sketchmate"],
)
def test_a_run_that_is_resumed_ends_with_the_same_bits(
    graph: str, options: list[str], cut: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = [*options, f"trainer.cuda_graph={graph}", "trainer.gradient_clip_val=1"]
    trained(tmp_path / "whole", *options)
    stop_after(monkeypatch, step=cut)
    with pytest.raises(KeyError):
        trained(tmp_path / "cut", *options)
    monkeypatch.undo()
    train(prepare_parts(composed(*options)), tmp_path / "cut", config="", overrides=[], resume=True)
    assert rows(tmp_path / "cut") == rows(tmp_path / "whole")
    whole, cut_short = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert all(torch.equal(whole[name], cut_short[name]) for name in whole)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [[], ["trainer.cuda_graph=never"], ["data.resident=never"]], ids=str)
def test_nothing_in_an_update_waits_for_the_gpu(
    kind: str,
    options: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    step, settled, capture = Learner.training_step, Learner._settled, Graphs._capture
    calls = 0

    def watched(self: Learner, chunk: Any, number: int) -> None:
        nonlocal calls
        calls += 1
        with refused("error"):
            step(self, chunk, number)

    def waits(self: Learner) -> float:
        with refused("default"):
            return settled(self)

    def captures(*arguments: Any) -> Captured:
        with refused("default"):
            return capture(*arguments)

    monkeypatch.setattr(Graphs, "_capture", captures)
    monkeypatch.setattr(Learner, "training_step", watched)
    monkeypatch.setattr(Learner, "_settled", waits)
    trained(tmp_path, *KINDS[kind], *options, "trainer.max_epochs=3", "trainer.precision=bf16")
    assert calls > 2
    assert "without CUDA graphs" not in caplog.text


@contextmanager
def refused(mode: str) -> Iterator[None]:
    """Within, waiting for the GPU is an error, or not."""
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode(mode)
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)


@pytest.mark.parametrize("resident", ["auto", "never"])
def test_where_batches_are_read_changes_no_bit(resident: str, tmp_path: Path) -> None:
    options = ["data.scale=0", "data.drop=0", "trainer.max_epochs=2", f"data.resident={resident}"]
    trained(tmp_path / "one", *DRAWN, *options)
    trained(tmp_path / "other", *DRAWN, *options, "data.workers=2")
    one, other = weights(tmp_path / "one"), weights(tmp_path / "other")
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("graph", ["auto", "never"])
def test_a_number_that_is_none_is_told_and_not_saved(graph: str, tmp_path: Path) -> None:
    options = [*LSTM, f"trainer.cuda_graph={graph}", "optimizer.lr=1e30", "scheduler=none", "trainer.max_epochs=3"]
    with pytest.raises(Diverged, match=r"at step \d+, epoch 1, batch \d+, training sequences \[\d+"):
        trained(tmp_path, *options, "trainer.steps_per_execution=8")
    assert not list((tmp_path / "checkpoints").glob("*.ckpt"))


@pytest.mark.parametrize(("first", "then"), [("gpu", "cpu"), ("cpu", "gpu")])
def test_a_run_goes_on_on_another_device(
    first: str, then: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = [*LSTM, "trainer.max_epochs=3"]
    stop_after(monkeypatch, step=30)
    with pytest.raises(KeyError):
        trained(tmp_path, *options, f"trainer.accelerator={first}")
    monkeypatch.undo()
    config = composed(*options, f"trainer.accelerator={then}")
    result = train(prepare_parts(config), tmp_path, config="", overrides=[], resume=True)
    assert (result["status"], result["steps"]) == ("completed", 51)


def test_a_model_that_waits_is_trained_without_a_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    forward = Recurrent.forward

    def waiting(self: Recurrent, inputs: torch.Tensor, lengths: torch.Tensor) -> Any:
        assert float(inputs.sum()) < 1e9
        return forward(self, inputs, lengths)

    monkeypatch.setattr(Recurrent, "forward", waiting)
    assert trained(tmp_path, *LSTM, "trainer.max_epochs=1")["status"] == "completed"
    assert "without CUDA graphs" in caplog.text
    monkeypatch.undo()
    trained(tmp_path / "after", *LSTM, "trainer.max_epochs=1")


def test_a_schedule_of_more_than_the_rate_is_followed_without_graphs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    step = Learner._step

    def scheduled(self: Learner, *arguments: Any) -> Any:
        if self.trainer.global_step == 5:
            self._optimizer.param_groups[0]["weight_decay"] = 0.5
        return step(self, *arguments)

    monkeypatch.setattr(Learner, "_step", scheduled)
    trained(tmp_path / "auto", *LSTM, "trainer.max_epochs=1")
    assert "changes more than the learning rate" in caplog.text
    trained(tmp_path / "never", *LSTM, "trainer.max_epochs=1", "trainer.cuda_graph=never")
    auto, never = weights(tmp_path / "auto"), weights(tmp_path / "never")
    assert all(torch.equal(auto[name], never[name]) for name in auto)


def test_tiny_batches_train(tmp_path: Path) -> None:
    assert trained(tmp_path, *TINY, *GPU, "data.batch_size=7", "trainer.max_epochs=2")["status"] == "completed"
