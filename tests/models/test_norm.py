"""Batch norm counts valid steps only, and is torch's own where all are valid."""

import pytest
import torch
from layouts import LAYOUTS
from torch import nn

from seqtrain.batch import valid_steps
from seqtrain.models.norm import ChannelNorm, MaskedBatchNorm


def steps_and_lengths(lengths, steps, channels=4):
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(len(lengths), channels, steps, generator=generator) * 3 + 20
    return values, torch.tensor(lengths)


def pair(channels=4):
    ours, torchs = MaskedBatchNorm(channels), nn.BatchNorm1d(channels)
    with torch.no_grad():
        torchs.weight.uniform_(0.5, 2)
        torchs.bias.normal_()
    ours.load_state_dict(torchs.state_dict())
    return ours, torchs


def assert_same_statistics(ours, torchs):
    assert list(ours.state_dict()) == list(torchs.state_dict())
    for name, value in torchs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value, msg=name)


def test_equals_batchnorm1d_without_padding():
    ours, torchs = pair()
    values, lengths = steps_and_lengths([9, 9, 9], 9)
    for _ in range(3):
        mine, theirs = values.clone().requires_grad_(), values.clone().requires_grad_()
        torch.testing.assert_close(ours(mine, lengths), torchs(theirs), atol=1e-5, rtol=1e-5)
        ours(mine, lengths).pow(3).sum().backward()
        torchs(theirs).pow(3).sum().backward()
        torch.testing.assert_close(mine.grad, theirs.grad, atol=1e-3, rtol=1e-3)
        assert_same_statistics(ours, torchs)
    torch.testing.assert_close(ours.weight.grad, torchs.weight.grad, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(ours.eval()(values, lengths), torchs.eval()(values))


def test_training_counts_valid_steps_only():
    ours, torchs = pair()
    values, lengths = steps_and_lengths([9, 4, 1], 9)
    values[2, :, 1:] = 1e4  # junk
    valid = valid_steps(lengths, 9)
    only = values.transpose(1, 2)[valid]  # (valid steps, channels)
    normed = ours(values, lengths).transpose(1, 2)[valid]
    torch.testing.assert_close(normed, torchs(only), atol=1e-5, rtol=1e-5)
    assert_same_statistics(ours, torchs)


@pytest.mark.parametrize("norm", [MaskedBatchNorm, ChannelNorm])
def test_more_padding_changes_nothing_in_training(norm):
    values, lengths = steps_and_lengths([9, 4], 9)
    longer = torch.cat([values, torch.full((2, 4, 50), 7.0)], 2)
    short, long = norm(4), norm(4)
    a, b = short(values, lengths), long(longer, lengths)
    torch.testing.assert_close(a.transpose(1, 2)[valid_steps(lengths, 9)], b.transpose(1, 2)[valid_steps(lengths, 59)])
    for name, value in short.state_dict().items():
        torch.testing.assert_close(long.state_dict()[name], value)


def test_a_single_step_is_normalised_to_the_bias():
    norm = MaskedBatchNorm(2)
    outputs = norm(torch.tensor([[[5.0], [6.0]]]), torch.tensor([1]))
    torch.testing.assert_close(outputs, torch.zeros(1, 2, 1))
    assert norm.running_var.isfinite().all()


def test_half_precision_is_summed_in_single():
    values, lengths = steps_and_lengths([600, 300], 600)
    half = MaskedBatchNorm(4)(values.bfloat16(), lengths)
    single = MaskedBatchNorm(4)(values.bfloat16().float(), lengths)
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), single, atol=0.02, rtol=0.01)


def test_sums_of_two_halves_give_the_whole_batch():
    """What synchronising processes would do, in float64."""
    values, lengths = steps_and_lengths([9, 4, 7, 1], 9)
    values, valid = values.double(), valid_steps(lengths, 9)
    parts = [(values[:2], valid[:2]), (values[2:], valid[2:])]
    count = sum(v.sum() for _, v in parts)
    mean = sum((x * v[:, None]).sum((0, 2)) for x, v in parts) / count
    squares = sum((((x - mean[:, None]) * v[:, None]) ** 2).sum((0, 2)) for x, v in parts)
    norm = MaskedBatchNorm(4, momentum=1.0).double()
    norm(values, lengths)
    torch.testing.assert_close(norm.running_mean, mean)
    torch.testing.assert_close(norm.running_var, squares / (count - 1))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("lengths", [[7], [6], [2, 7, 1], [7, 7, 7]], ids=str)
@pytest.mark.parametrize("of_gradient", LAYOUTS)
@pytest.mark.parametrize("of_steps", LAYOUTS)
def test_gradients_are_those_of_the_valid_steps_however_numbers_lie(of_steps, of_gradient, lengths, training):
    """torch's own, of a batch of one as an image, are wrong where strides of size-one dimensions differ."""
    torch.manual_seed(0)
    norm, torchs = pair()
    norm.double().train(training)
    torchs.double().train(training)
    values, lengths = torch.randn(len(lengths), 4, 7, dtype=torch.float64), torch.tensor(lengths)
    valid = valid_steps(lengths, 7)
    mine = LAYOUTS[of_steps](values).detach().requires_grad_()
    theirs = mine.detach().transpose(1, 2)[valid].requires_grad_()  # (valid steps, channels)
    gradient = LAYOUTS[of_gradient](torch.randn(values.shape, dtype=torch.float64))
    gradient = gradient if valid.all() else gradient * valid[:, None]
    found, expected = norm(mine, lengths), torchs(theirs)
    torch.testing.assert_close(found.transpose(1, 2)[valid], expected)
    found.backward(gradient)
    expected.backward(gradient.transpose(1, 2)[valid])
    torch.testing.assert_close(mine.grad.transpose(1, 2)[valid], theirs.grad)
    assert mine.grad.transpose(1, 2)[~valid].abs().sum() == 0
    torch.testing.assert_close(norm.weight.grad, torchs.weight.grad)
    torch.testing.assert_close(norm.bias.grad, torchs.bias.grad)
    assert_same_statistics(norm, torchs)


def test_statistics_of_many_steps_are_exact():
    """Added up one after another, as torch's batch norm of rows does, their variance would be 1e-5 off."""
    norm = MaskedBatchNorm(2, momentum=1.0)
    steps = torch.randn(2, 200_000, 2, generator=torch.Generator().manual_seed(0)).transpose(1, 2) + 3
    norm(steps, torch.tensor([200_000, 150_000]))
    valid = torch.cat([steps[0], steps[1, :, :150_000]], 1).double()
    torch.testing.assert_close(norm.running_mean.double(), valid.mean(1), rtol=5e-7, atol=0)
    torch.testing.assert_close(norm.running_var.double(), valid.var(1), rtol=1e-6, atol=0)
