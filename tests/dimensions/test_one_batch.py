"""One batch forward and backward tells what training would meet, and changes nothing."""

import copy

import pytest
import torch
from torch import nn

from seqtrain.batch import Batch
from seqtrain.criteria import ClassCriterion, ValueCriterion
from seqtrain.dimensions import one_batch
from seqtrain.heads import LogProbabilities, PooledHead, StepHead, mean_over_time
from seqtrain.models.conv import ConvStack
from seqtrain.models.recurrent import Recurrent
from seqtrain.network import Network

MSE = ValueCriterion("mse")


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    return Network(None, ConvStack(3, channels=4, dropout=0.5), StepHead(4, 1))


@pytest.fixture
def batch() -> Batch:
    torch.manual_seed(1)
    lengths = torch.tensor([6, 4, 6])
    scored = torch.arange(6) < lengths[:, None]
    return Batch(torch.randn(3, 6, 3), lengths, torch.randn(3, 6, 1), scored, torch.tensor([7, 8, 9]))


def test_loss_and_gradient_are_those_of_training(batch: Batch):
    network = Network(None, Recurrent(3, cell="lstm", hidden=4), StepHead(4, 1))
    passed = one_batch(network, MSE, batch, seed=0)
    outputs = network(batch.inputs, batch.lengths)
    loss = (outputs - batch.targets)[batch.scored].square().mean()
    loss.backward()
    assert passed.loss == pytest.approx(loss.item())
    norm = nn.utils.get_total_norm([p.grad for p in network.parameters()])
    assert passed.gradient_norm == pytest.approx(norm.item())
    valid = outputs[batch.scored]
    assert passed.outputs == pytest.approx((valid.min().item(), valid.max().item()))
    assert passed.forward_seconds > 0
    assert passed.backward_seconds > 0
    assert not passed.not_finite


def test_dropout_follows_the_seed(network: Network, batch: Batch):
    first, again, other = (one_batch(network, MSE, batch, seed=seed).loss for seed in (1, 1, 2))
    assert first == again != other


def test_nothing_is_left_behind(network: Network, batch: Batch):
    network.eval()
    before, state = copy.deepcopy(network.state_dict()), torch.get_rng_state()
    one_batch(network, MSE, batch, seed=0)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert all(p.grad is None for p in network.parameters())
    assert not any(module.training for module in network.modules())
    assert torch.equal(torch.get_rng_state(), state)


def test_classes_are_scored_as_classes(batch: Batch):
    backbone = Recurrent(3, cell="gru", hidden=4)
    network = Network(None, backbone, LogProbabilities(PooledHead(4, 5, pool=mean_over_time)))
    nn.init.zeros_(network.head.head.linear.weight)  # type: ignore[union-attr, arg-type]
    nn.init.zeros_(network.head.head.linear.bias)  # type: ignore[union-attr, arg-type]
    criterion = ClassCriterion(label_smoothing=0.1, class_weights=None)
    whole = batch._replace(targets=torch.tensor([0, 4, 2]), scored=None)
    passed = one_batch(network, criterion, whole, seed=0)
    assert passed.loss == pytest.approx(torch.tensor(5.0).log().item())
    assert passed.outputs == pytest.approx((-passed.loss, -passed.loss))


def test_what_is_not_finite_is_named(network: Network, batch: Batch):
    batch.inputs[1, 2, 0] = torch.nan
    passed = one_batch(network, MSE, batch, seed=0)
    assert passed.not_finite[0] == "inputs of training sequences 8"
    assert "the loss" in passed.not_finite
    assert "the gradient of head.linear.weight" in passed.not_finite
    assert passed.loss != passed.loss


def test_parameters_without_a_gradient_are_named(network: Network, batch: Batch):
    network.backbone.unused = nn.Linear(2, 2)
    network.head.requires_grad_(False)
    passed = one_batch(network, MSE, batch, seed=0)
    assert passed.without_gradient == ("backbone.unused.weight", "backbone.unused.bias")


def test_a_frozen_network_has_no_gradient(network: Network, batch: Batch):
    network.requires_grad_(False)
    assert one_batch(network, MSE, batch, seed=0).gradient_norm == 0
