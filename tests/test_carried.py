"""A state goes on from window to window: truncated back-propagation through time, as a plain loop has it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from composing import composed, trained
from test_training import rows, weights
from torch import Tensor, nn

import seqtrain.carried
from seqtrain.assemble import assemble
from seqtrain.batch import Batch
from seqtrain.carried import Carried
from seqtrain.datasets.sincos import SinCos
from seqtrain.errors import WrongInput
from seqtrain.heads import StepHead
from seqtrain.loading import Loading, load_data
from seqtrain.loading.batches import PlainBatches, Reader
from seqtrain.loading.order import epoch_order
from seqtrain.models.recurrent import Recurrent
from seqtrain.network import Network
from seqtrain.parts import prepare_parts
from seqtrain.sequences import Sequences

CELLS = {"rnn": nn.RNNCell, "gru": nn.GRUCell, "lstm": nn.LSTMCell}
DATA = {"length": 5, "unscored": 2, "val_size": 7, "test_size": 5, "carry_state": True}
FIXED = ["trainer.precision=64", "trainer.progress=false", "optimizer=sgd", "optimizer.lr=0.2", "scheduler=none"]
FIXED += ["optimizer.momentum=0", "model.hidden=4", "trainer.max_epochs=3", "logger=csv", "seed=3"]


def words(data: dict[str, object]) -> list[str]:
    return ["data=sincos", *(f"data.{name}={value}".lower() for name, value in {**DATA, **data}.items())]


class ByHand:
    """One layer read step by step, a head, and updates by plain gradient descent at the end of every window."""

    def __init__(self, overrides: list[str], cell: str, *, learned: bool) -> None:
        parts = prepare_parts(composed(*overrides))
        data = load_data(parts.data(), parts.loading(), seed=3)
        network = assemble(parts.model, parts.task(), data, seed=3).double()
        layers, head = network.backbone.layers, network.head
        self.cell = CELLS[cell](1, 4).double()
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(self.cell, name).data.copy_(getattr(layers, f"{name}_l0"))
        self.start = torch.zeros(2, 4, dtype=torch.float64, requires_grad=learned)
        self.head = nn.Linear(4, 1).double()
        self.head.load_state_dict({name.split(".")[-1]: each for name, each in head.state_dict().items()})
        self.train = data.train
        self.parameters = [*self.cell.parameters(), *self.head.parameters(), *([self.start] if learned else [])]

    def streams(self, epoch: int, count: int) -> list[list[int]]:
        """The windows of each row: the waves in the epoch's order, cut into so many stretches."""
        waves = self.train.series.unique().tolist()
        order = [waves[which] for which in epoch_order(len(waves), seed=3, epoch=epoch).tolist()]
        windows = [w for wave in order for w in (self.train.series == wave).nonzero()[:, 0].tolist()]
        return [each.tolist() for each in torch.tensor(windows).tensor_split(count)]

    def read(self, window: int, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
        """The sum of squared errors at scored steps of a window, how many those are, and the state afterwards."""
        loss, (hidden, memory) = torch.zeros((), dtype=torch.float64), state
        batch = self.train.batch(torch.tensor([window]))
        for step in range(batch.inputs.shape[1]):
            inputs = batch.inputs[0, step].double()
            if isinstance(self.cell, nn.LSTMCell):
                hidden, memory = self.cell(inputs, (hidden, memory))
            else:
                hidden = self.cell(inputs, hidden)
            if batch.scored[0, step]:
                loss = loss + (self.head(hidden) - batch.targets[0, step].double()).square().sum()
        return loss, batch.scored.sum(), (hidden, memory)

    def epoch(self, epoch: int, count: int, accumulate: int) -> float:
        """The mean loss of an epoch of updates."""
        streams, states = self.streams(epoch, count), {}
        sums, scored_steps = 0.0, 0
        places = range(max(map(len, streams)))
        for group in [places[first : first + accumulate] for first in range(0, len(places), accumulate)]:
            total, scored = torch.zeros((), dtype=torch.float64), 0
            for place in group:
                for row, stream in enumerate(streams):
                    if place >= len(stream):
                        continue
                    window = stream[place]
                    begins = place == 0 or self.train.series[window] != self.train.series[stream[place - 1]]
                    before = (self.start[0], self.start[1]) if begins else states[row]
                    loss, steps, (hidden, memory) = self.read(window, before)
                    total, scored = total + loss, scored + steps
                    states[row] = (hidden.detach(), memory.detach())
            for parameter, gradient in zip(
                self.parameters, torch.autograd.grad(total / scored, self.parameters, allow_unused=True), strict=True
            ):
                if gradient is not None:
                    parameter.data -= 0.2 * gradient
            sums, scored_steps = sums + float(total.detach()), scored_steps + int(scored)
        return sums / scored_steps


WAVES = {  # windows of a wave, windows, rows
    "a wave a row": (6, 18, 3),
    "one wave cut into rows": (11, 11, 3),
    "rows that begin within a wave": (4, 18, 3),
    "one row": (3, 8, 1),
}


@pytest.mark.parametrize("case", WAVES)
@pytest.mark.parametrize("cell", CELLS)
def test_training_is_truncated_back_propagation_through_time(cell: str, case: str, tmp_path: Path) -> None:
    windows, size, batch_size = WAVES[case]
    data = {"windows": windows, "train_size": size, "batch_size": batch_size}
    hold_to_hand(tmp_path, [f"model={cell}", *words(data), *FIXED], cell, batch_size)


def test_a_learned_first_state_learns_where_a_wave_begins_and_nowhere_else(tmp_path: Path) -> None:
    data = {"windows": 4, "train_size": 18, "batch_size": 3}
    overrides = [*words(data), *FIXED, "model.initial_state=learned"]
    hold_to_hand(tmp_path, ["model=lstm", *overrides], "lstm", 3, learned=True)
    assert weights(tmp_path)["network.backbone.start"].abs().max() > 1e-4


def test_a_state_goes_on_between_the_batches_of_one_update(tmp_path: Path) -> None:
    data = {"windows": 5, "train_size": 20, "batch_size": 4}
    overrides = ["model=gru", *words(data), *FIXED, "trainer.accumulate_grad_batches=2"]
    hold_to_hand(tmp_path, overrides, "gru", 4, accumulate=2)


def hold_to_hand(
    folder: Path, overrides: list[str], cell: str, count: int, *, learned: bool = False, accumulate: int = 1
) -> None:
    trained(folder, *overrides)
    by_hand = ByHand(overrides, cell, learned=learned)
    losses = [by_hand.epoch(epoch, count, accumulate) for epoch in range(3)]
    assert [float(row["train/loss"]) for row in rows(folder)] == pytest.approx(losses, rel=0, abs=1e-12)
    found = weights(folder)
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        expected = getattr(by_hand.cell, name)
        torch.testing.assert_close(found[f"network.backbone.layers.{name}_l0"], expected.data, rtol=0, atol=1e-12)
    if learned:
        torch.testing.assert_close(found["network.backbone.start"][:, 0, 0], by_hand.start.data, rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_windows_that_are_whole_waves_train_as_if_nothing_were_carried(cell: str, tmp_path: Path) -> None:
    data = {"windows": 1, "train_size": 6, "batch_size": 6}
    for carried in (True, False):
        trained(tmp_path / str(carried), f"model={cell}", *words({**data, "carry_state": carried}), *FIXED)
    one, other = (weights(tmp_path / str(carried)) for carried in (True, False))
    assert one.keys() == other.keys()
    for name, weight in one.items():
        torch.testing.assert_close(weight, other[name], rtol=0, atol=1e-12)


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("workers", [0, 2])
def test_neither_chunks_nor_workers_change_a_bit(steps: int, workers: int, tmp_path: Path) -> None:
    data = {"windows": 4, "train_size": 18, "batch_size": 3}
    run = ["model=gru", *words(data), *FIXED, "model.initial_state=random"]
    trained(tmp_path / "one", *run)
    trained(tmp_path / "two", *run, f"trainer.steps_per_execution={steps}", f"data.workers={workers}")
    one, two = (weights(tmp_path / name) for name in ("one", "two"))
    assert all(torch.equal(weight, two[name]) for name, weight in one.items())
    assert rows(tmp_path / "one") == rows(tmp_path / "two")


def network(cell: str = "lstm", **settings: object) -> Network:
    torch.manual_seed(0)
    backbone = Recurrent(2, cell=cell, hidden=4, num_layers=2, **settings)  # type: ignore[arg-type]
    return Network(None, backbone, StepHead(4, 3)).double().eval()


@pytest.fixture
def series() -> list[Tensor]:
    torch.manual_seed(1)
    return [torch.randn(steps, 2) for steps in (13, 4, 5, 22, 1, 9)]


def cut(series: list[Tensor], window: int) -> Sequences:
    """Windows of series, the last of each shorter."""
    pieces = [each.split(window) for each in series]
    owners = torch.repeat_interleave(torch.arange(len(series)), torch.tensor([len(each) for each in pieces]))
    every = [piece for each in pieces for piece in each]
    return Sequences.of(every, [torch.zeros(len(each), 3) for each in every], series=owners)


def carried(network: Network, windows: Sequences, batch_size: int) -> Iterator[tuple[Batch, Tensor]]:
    read = Carried(network)
    for chunk in PlainBatches(Reader(windows), batch_size=batch_size, chunk=3):
        for batch in chunk:
            yield batch, read(batch._replace(inputs=batch.inputs.double()))


@pytest.mark.parametrize("cell", ["rnn_tanh", "gru", "lstm"])
@pytest.mark.parametrize("batch_size", [1, 2, 4, 50])
@torch.no_grad()
def test_what_is_evaluated_in_windows_is_what_whole_series_give(
    cell: str, batch_size: int, series: list[Tensor]
) -> None:
    """Windows of unequal lengths in a batch, rows that end, and rows where another series begins."""
    for initial_state in ("zero", "learned"):
        model = network(cell, initial_state=initial_state)
        if initial_state == "learned":
            model.backbone.start.normal_()
        windows = cut(series, 4)
        found = {
            index: outputs[row, : batch.lengths[row]]
            for batch, outputs in carried(model, windows, batch_size)
            for row, index in enumerate(batch.indices.tolist())
        }
        for which, steps in enumerate(series):
            own = (windows.series == which).nonzero()[:, 0].tolist()
            whole = model(steps[None].double(), torch.tensor([len(steps)]))[0]
            torch.testing.assert_close(torch.cat([found[index] for index in own]), whole, rtol=0, atol=1e-12)


def test_random_first_states_are_drawn_where_a_series_begins(series: list[Tensor]) -> None:
    model = network("gru", initial_state="random").train()
    windows = cut([series[3], series[0]], 4)
    read = Carried(model)
    batches = [batch for chunk in PlainBatches(Reader(windows), batch_size=2, chunk=1) for batch in chunk]
    answers = {}
    for seed in (5, 6):
        for place, batch in enumerate(batches[:2]):
            torch.manual_seed(seed if place else 0)
            answers[seed, place] = read(batch._replace(inputs=batch.inputs.double()))
    assert torch.equal(answers[5, 0], answers[6, 0])
    assert torch.equal(answers[5, 1], answers[6, 1])  # nothing begins, so that what is drawn is not used
    torch.manual_seed(1)
    first = read(batches[0]._replace(inputs=batches[0].inputs.double()))
    assert not torch.isclose(first, answers[5, 0]).any()


def test_states_are_dealt_out_anew_where_the_number_of_processes_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    states = torch.arange(14.0).view(7, 1, 1, 2)  # of seven rows
    read = Carried(network())
    for before, after in ((3, 1), (1, 3), (3, 2), (2, 2)):
        kept: list[Tensor | None] = [states[rank::before] for rank in range(before)]
        for rank in range(after):
            monkeypatch.setattr(seqtrain.carried, "rank", lambda rank=rank: rank)
            monkeypatch.setattr(seqtrain.carried, "count", lambda after=after: after)
            read.restore(kept)
            (own,) = read.states()
            assert own is not None
            assert torch.equal(own[: len(states[rank::after])], states[rank::after])


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["model=conv1d"], "model ConvStack has no state to carry.*model=lstm, or set data.carry_state=false"),
        (["model=linear"], "has no state to carry"),
        (["model=sketchmate"], "has no state to carry|choose settings that keep the length"),
        (["model=gru", "model.bidirectional=true"], "train with model.bidirectional=false"),
        (["model=gru", "data.length_pool=3"], "set data.length_pool=1"),
    ],
)
def test_what_cannot_carry_is_refused_in_words(overrides: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match=message):
        trained(tmp_path, *words({}), *overrides)


def test_a_wave_goes_on_from_window_to_window() -> None:
    sets = SinCos(length=5, unscored=3, windows=4, train_size=10, carry_state=True).load(0)
    batch = sets.train.batch(torch.arange(10))
    angles = torch.atan2(batch.inputs, batch.targets).flatten()
    steps = angles.diff().remainder(2 * torch.pi)
    goes_on = torch.arange(1, 50) % 20 > 0
    torch.testing.assert_close(steps[goes_on], torch.full((47,), 0.1), atol=1e-5, rtol=0)
    assert not torch.isclose(steps[~goes_on], torch.tensor(0.1), atol=1e-3).any()
    assert batch.scored is not None
    assert (~batch.scored.flatten()).nonzero()[:, 0].tolist() == [0, 1, 2, 20, 21, 22, 40, 41, 42]
    assert sets.train.series is not None
    assert sets.train.series.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]


def test_fewer_sequences_for_debugging_are_the_first_ones() -> None:
    data = load_data(SinCos(carry_state=True, windows=20), Loading(limit=1), seed=0)
    assert data.train.starts.tolist() == [50 * window for window in range(32)]
