"""A temporal convolutional network is that of its paper: causal, of a known field, and readable step by step."""

import pytest
import torch

from seqtrain.errors import WrongInput
from seqtrain.models.tcn import Tcn


def causal_in_loops(conv, steps):
    """(C, T): the weight is its length times its direction, and step t sees t, t - d, t - 2d, …"""
    out = steps.new_zeros(len(conv.bias), steps.shape[1])
    size = conv.direction.shape[2]
    for channel, direction in enumerate(conv.direction):
        weight = conv.length[channel].item() * direction / direction.square().sum().sqrt()
        for t in range(steps.shape[1]):
            out[channel, t] = conv.bias[channel]
            for j in range(size):
                if t - j * conv.dilation >= 0:
                    out[channel, t] += weight[:, size - 1 - j] @ steps[:, t - j * conv.dilation]
    return out


@torch.no_grad()
def test_is_the_blocks_of_the_paper():
    torch.manual_seed(0)
    model = Tcn(2, channels=[3, 3, 4], kernel_size=3).double().eval()
    for block in model.blocks:
        for conv in (block.first, block.second):
            conv.length.mul_(1.5)
            torch.nn.init.normal_(conv.bias)
    inputs = torch.randn(1, 14, 2, dtype=torch.float64)
    steps = inputs[0].T
    for place, block in enumerate(model.blocks):
        assert block.first.dilation == block.second.dilation == 2**place
        inner = causal_in_loops(block.second, causal_in_loops(block.first, steps).relu()).relu()
        into = steps if steps.shape == inner.shape else block.shortcut(steps)
        steps = (inner + into).relu()
    torch.testing.assert_close(model(inputs, torch.tensor([14]))[0][0], steps.T)


def test_the_first_weights_are_their_directions():
    conv = Tcn(2, channels=[3]).blocks[0].first
    torch.testing.assert_close(conv.length, conv.direction.square().sum((1, 2), keepdim=True).sqrt())


@pytest.mark.parametrize(("channels", "kernel_size"), [([4], 2), ([4, 4], 3), ([4, 4, 4], 2)])
def test_a_step_sees_its_field_and_nothing_later(channels, kernel_size):
    torch.manual_seed(0)
    model = Tcn(1, channels=channels, kernel_size=kernel_size).double().eval()
    for parameter in model.parameters():
        parameter.data.abs_()  # so that no relu is shut
    field = 1 + 2 * (kernel_size - 1) * sum(2**place for place in range(len(channels)))
    assert model.field == field
    inputs = torch.rand(1, field + 6, 1, dtype=torch.float64, requires_grad=True)
    at = field + 2
    model(inputs, torch.tensor([field + 6]))[0][0, at].sum().backward()
    seen = inputs.grad[0, :, 0].nonzero()[:, 0]
    assert (int(seen.min()), int(seen.max())) == (at - field + 1, at)


@torch.no_grad()
def test_step_by_step_is_the_whole():
    torch.manual_seed(0)
    model = Tcn(2, channels=[3, 4, 4], kernel_size=3).double().eval()
    inputs = torch.randn(2, 40, 2, dtype=torch.float64)
    whole, _ = model(inputs, torch.tensor([40, 40]))
    state = None
    for t in range(40):
        outputs, state = model.step(inputs[:, t], state)
        torch.testing.assert_close(outputs, whole[:, t])


def test_dropout_is_of_whole_channels():
    torch.manual_seed(0)
    model = Tcn(1, channels=[16], dropout=0.5).train()
    zero = model.blocks[0].dropout(torch.ones(1, 16, 30)) == 0
    assert torch.equal(zero.all(2), zero.any(2))
    assert 0 < int(zero.all(2).sum()) < 16


def test_refuses_no_blocks_in_words():
    with pytest.raises(WrongInput, match=r"^channels is \[\]: name the features of at least one block"):
        Tcn(1, channels=[])
