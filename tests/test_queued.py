"""Updates that nothing waits for are those that are waited for, to the bit; here both on the CPU."""

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from seqtrain.batch import Batch
from seqtrain.carried import Carried
from seqtrain.criteria import ClassCriterion
from seqtrain.divergence import BadUpdate
from seqtrain.graphs import Alike, Graphs
from seqtrain.heads import LogProbabilities, PooledHead, mean_over_time
from seqtrain.loading.chunk import Group
from seqtrain.metrics import ClassScores
from seqtrain.models.recurrent import Recurrent
from seqtrain.network import Network
from seqtrain.queued import QueuedUpdates
from seqtrain.suited import Rates, suit
from seqtrain.sums import Sums
from seqtrain.update import Update

CPU = torch.device("cpu")


def made() -> Network:
    torch.manual_seed(0)
    backbone = Recurrent(2, cell="lstm", hidden=5, num_layers=2, dropout=0.4)
    return Network(None, backbone, LogProbabilities(PooledHead(5, 3, pool=mean_over_time)))


def batch(number: int, size: int = 4) -> Batch:
    draws = torch.Generator().manual_seed(number)
    lengths = torch.tensor([6, 2, 5, 3][:size])
    targets = torch.randint(3, (size,), generator=draws)
    return Batch(torch.randn(size, 6, 2, generator=draws), lengths, targets, None, torch.arange(size))


def updates(kind: type, network: Network, optimizer: torch.optim.Optimizer, **more: object) -> Update | QueuedUpdates:
    parts = (network, ClassCriterion(label_smoothing=0.1, class_weights=torch.tensor([1.0, 2, 3])), ClassScores(3))
    return kind(*parts, optimizer, read=Carried(network), device=CPU, seed=7, clip=0.5, **more)


def made_by(kind: type, chunk: list[Group], **more: object) -> tuple[dict[str, Tensor], Sums, float]:
    network = made().train()
    sums = Sums(ClassScores(3).zero())
    making = updates(kind, network, torch.optim.Adam(network.parameters(), lr=0.01), **more)
    for step, (group, weights) in enumerate(making.weighed(chunk)):
        making(group, weights, sums, step=step)  # type: ignore[arg-type]
    return network.state_dict(), sums, making.settle(sums)


def test_queued_updates_are_the_others() -> None:
    chunk = [[batch(0)], [batch(1), batch(2, size=3)], [batch(3)]]
    weights, sums, loss = made_by(Update, chunk, asked_to_stop=lambda: False)
    queued_weights, queued_sums, queued_loss = made_by(QueuedUpdates, chunk, alike=None)
    assert all(torch.equal(weights[name], queued_weights[name]) for name in weights)
    assert all(torch.equal(sums.state()[name], queued_sums.state()[name]) for name in sums.state())
    assert queued_loss == pytest.approx(loss, rel=1e-6)


@pytest.mark.parametrize("bad", [0, 2])
def test_the_first_update_that_is_no_number_is_told_at_the_end(bad: int) -> None:
    chunk = [[batch(number)] for number in range(4)]
    chunk[bad][0].inputs[1, 0, 0] = torch.nan
    with pytest.raises(BadUpdate, match="the loss is nan") as told:
        made_by(QueuedUpdates, chunk, alike=None)
    assert told.value.update == bad


def test_a_loss_above_the_most_is_told_too() -> None:
    chunk = [[batch(number)] for number in range(3)]
    with pytest.raises(BadUpdate, match=r"the loss is \d") as told:
        made_by(QueuedUpdates, chunk, alike=None, most_loss=0.1)
    assert told.value.update == 0
    with pytest.raises(BadUpdate, match=r"the loss is \d"):
        made_by(Update, chunk, asked_to_stop=lambda: False, most_loss=0.1)


@pytest.mark.parametrize("longest", [1, 7, 16, 50, 196, 5000])
def test_batches_are_padded_to_few_lengths(longest: int) -> None:
    alike = Alike(4, longest)
    padded = [alike.padded(steps) for steps in range(1, longest + 1)]
    assert len(set(padded)) <= 16
    assert all(steps <= to <= longest for steps, to in enumerate(padded, 1))
    assert padded[-1] == longest


def test_an_optimizer_that_cannot_be_captured_is_told(caplog: pytest.LogCaptureFixture) -> None:
    network = made()
    graphs = Graphs(lambda batch, sums: sums.loss, network, torch.optim.SGD(network.parameters(), lr=0.1), Alike(4, 6))
    assert "without CUDA graphs: the step of SGD cannot be captured" in caplog.text
    assert graphs.of([batch(0)], Sums(torch.zeros(1))) is None


def test_rates_are_tensors_within_a_step_alone() -> None:
    optimizer = torch.optim.Adam(nn.Linear(2, 2).parameters(), lr=0.25, fused=True)
    rates = Rates(optimizer, CPU)
    optimizer.param_groups[0]["lr"] = 0.5
    rates.refresh()
    with rates.read():
        assert torch.equal(optimizer.param_groups[0]["lr"], torch.tensor(0.5))
    assert optimizer.param_groups[0]["lr"] == 0.5


def test_an_optimizer_goes_on_whatever_device_its_checkpoint_is_of() -> None:
    layer = nn.Linear(2, 2)
    optimizer = torch.optim.Adam(layer.parameters(), foreach=True)
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    saved = deepcopy(optimizer.state_dict())
    saved["param_groups"][0] |= {"fused": True, "foreach": False, "capturable": True}  # as a GPU has it
    optimizer.load_state_dict(saved)
    suit(optimizer, CPU)
    optimizer.step()
    assert optimizer.state_dict()["param_groups"][0]["foreach"]
