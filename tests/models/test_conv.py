"""A stack of convolutions computes and shortens as torch's, and refuses what cannot work in words."""

import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from seqtrain.errors import WrongInput
from seqtrain.models.conv import ConvStack
from seqtrain.models.norm import ChannelNorm, MaskedBatchNorm
from seqtrain.models.windows import conv_length


@st.composite
def layers(draw):
    """Settings of one to three layers whose groups divide their channels."""
    count = draw(st.integers(1, 3))
    chosen = {name: [] for name in ("channels", "kernel_size", "stride", "padding", "dilation", "groups")}
    for _ in range(count):
        stride = draw(st.integers(1, 3))
        numbers = st.integers(0, 4)
        named = ["same", "valid"] if stride == 1 else ["valid"]
        chosen["channels"].append(draw(st.sampled_from([4, 8])))
        chosen["kernel_size"].append(draw(st.integers(1, 6)))
        chosen["stride"].append(stride)
        chosen["padding"].append(draw(st.one_of(numbers, st.sampled_from(named))))
        chosen["dilation"].append(draw(st.integers(1, 3)))
        chosen["groups"].append(draw(st.sampled_from([1, 2, 4])))
    return chosen


def by_torch(stack, chosen, steps):
    """(B, F, T) through layers of torch alone."""
    shapes = []
    for index, layer in enumerate(stack.layers):
        conv = nn.Conv1d(
            layer.conv.in_channels,
            chosen["channels"][index],
            chosen["kernel_size"][index],
            stride=chosen["stride"][index],
            padding=chosen["padding"][index],
            dilation=chosen["dilation"][index],
            groups=chosen["groups"][index],
        ).to(steps.dtype)
        conv.load_state_dict(layer.conv.state_dict())
        with warnings.catch_warnings():  # "same" with an even kernel copies
            warnings.simplefilter("ignore", UserWarning)
            steps = conv(steps)
        shapes.append(steps.shape[2])
    return steps, shapes


@settings(deadline=None, max_examples=80, derandomize=True)
@given(chosen=layers(), more=st.integers(0, 20))
def test_lengths_and_values_are_those_of_torch(chosen, more):
    torch.manual_seed(0)
    stack = ConvStack(4, **chosen, norm="none", activation="none", dropout=0.0).double()
    length = stack.field + more
    inputs = torch.randn(2, length, 4, dtype=torch.float64)
    expected, shapes = by_torch(stack, chosen, inputs.transpose(1, 2))
    outputs, lengths = stack(inputs, torch.tensor([length, 1]))
    assert stack.lengths_after(length) == shapes
    assert lengths.tolist() == [shapes[-1], stack.lengths_after(1)[-1]]
    assert outputs.shape == (2, shapes[-1], stack.out_features)
    torch.testing.assert_close(outputs[0], expected[0].transpose(0, 1))


@settings(deadline=None, max_examples=80, derandomize=True)
@given(chosen=layers(), data=st.data())
def test_field_is_the_fewest_steps_that_torch_takes(chosen, data):
    stack = ConvStack(4, **chosen)
    by_torch(stack, chosen, torch.zeros(1, 4, stack.field))
    if stack.field > 1:
        with pytest.raises(RuntimeError):
            by_torch(stack, chosen, torch.zeros(1, 4, stack.field - 1))
    short = data.draw(st.integers(1, stack.field))
    outputs, lengths = stack.eval()(torch.zeros(1, short, 4), torch.tensor([short]))
    assert outputs.shape[1] >= int(lengths[0]) == stack.lengths_after(short)[-1] >= 1


def test_length_formula_reads_numbers_and_tensors():
    assert conv_length(129, 4, 1, 2, 1) == 130
    assert conv_length(50, 5, stride=2, padding="valid", dilation=3) == 19
    assert conv_length(7, 4, padding="same") == 7
    assert conv_length(torch.tensor([129, 3]), 4, 1, 2, 1).tolist() == [130, 4]


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize("kernel_size", [4, 5])
@pytest.mark.parametrize("padding", ["same", 2])
def test_padding_modes_are_those_of_torch(mode, kernel_size, padding):
    stack = ConvStack(
        3,
        channels=[4],
        kernel_size=kernel_size,
        padding=padding,
        padding_mode=mode,
        norm="none",
        activation="none",
        dropout=0.0,
        shortest=9,
        longest=9,
    )
    conv = nn.Conv1d(3, 4, kernel_size, padding=padding, padding_mode=mode)
    conv.load_state_dict(stack.layers[0].conv.state_dict())
    inputs = torch.randn(2, 9, 3)
    outputs, lengths = stack(inputs, torch.tensor([9, 9]))
    torch.testing.assert_close(outputs, conv(inputs.transpose(1, 2)).transpose(1, 2))
    assert lengths.tolist() == [outputs.shape[1]] * 2


def test_one_number_is_one_layer_and_one_value_serves_all():
    assert len(ConvStack(3, channels=16).layers) == 1
    stack = ConvStack(4, channels=[8, 16], kernel_size=[3, 1], dilation=2, groups=[4, 2], bias=False)
    assert [layer.conv.kernel_size for layer in stack.layers] == [(3,), (1,)]
    assert [layer.conv.dilation for layer in stack.layers] == [(2,), (2,)]
    assert [layer.conv.groups for layer in stack.layers] == [4, 2]
    assert all(layer.conv.bias is None for layer in stack.layers)


@pytest.mark.parametrize(("norm", "kind"), [("batch", MaskedBatchNorm), ("layer", ChannelNorm)])
def test_norm_activation_and_dropout_follow_each_convolution(norm, kind):
    stack = ConvStack(3, channels=[4, 4], norm=norm, activation="gelu", dropout=0.25)
    for layer in stack.layers:
        assert isinstance(layer.norm, kind)
        assert isinstance(layer.activation, nn.GELU)
        assert layer.dropout.p == 0.25
    outputs, _ = stack(torch.randn(2, 6, 3), torch.tensor([6, 3]))
    assert not outputs[1, 3:].any()


def test_padding_does_not_change_training():
    torch.manual_seed(0)
    stack = ConvStack(3, channels=[4, 4], dropout=0.0)
    inputs, lengths = torch.randn(2, 6, 3), torch.tensor([6, 3])
    padded = torch.cat([inputs, torch.randn(2, 50, 3)], 1)
    short, long = stack(inputs, lengths)[0], stack(padded, lengths)[0]
    torch.testing.assert_close(short, long[:, :6], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"channels": []}, "channels is []: name the features of at least one layer, as in [64, 128]"),
        (
            {"channels": [8, 8], "stride": [1, 1, 2]},
            "stride has 3 values but channels has 2: give model.stride one value for all layers, or a list of 2",
        ),
        (
            {"padding": ["same"]},
            "padding has 1 value but channels has 3: give model.padding one value for all layers, or a list of 3",
        ),
        (
            {"channels": 8, "groups": [1, 1]},
            "groups has 2 values but channels has 1: give model.groups one value for all layers, or a list of 1",
        ),
        (
            {"channels": [8, 12], "groups": 4},
            "groups is 4 but layer 1 takes 6 channels and gives 8, and must divide both: "
            "set model.groups to one of 1, 2, or change model.channels",
        ),
        (
            {"stride": [1, 2, 1]},
            "padding is same but layer 2 has stride 2, and a stride shortens: "
            "set model.stride=1 or give model.padding in steps, such as 2",
        ),
        (
            {"channels": 8, "kernel_size": 9, "padding": "valid", "longest": 5},
            "kernel_size is 9 but the longest sequence has 5 steps: "
            "lower model.kernel_size to 5 or set model.padding=same",
        ),
        (
            {"channels": [8, 8], "kernel_size": [3, 9], "padding": 1, "dilation": 2, "longest": 6},
            "kernel_size is [3, 9], which needs 17 steps, but the longest sequence has 6 steps: "
            "lower model.kernel_size to [3, 3] or set model.padding=same",
        ),
        (
            {"channels": [8, 8], "kernel_size": 5, "padding": 1, "stride": 2, "longest": 4},
            "kernel_size is 5, which needs 7 steps, but the longest sequence has 4 steps: "
            "lower model.kernel_size to 4 or raise model.padding",
        ),
        (
            {"padding_mode": "reflect", "shortest": 2, "longest": 50},
            "padding_mode is reflect but sequences have 2 to 50 steps: "
            "set model.padding_mode=zeros, or bring the data to one length",
        ),
        (
            {"padding_mode": "reflect", "kernel_size": 9, "shortest": 4, "longest": 4},
            "padding_mode is reflect but layer 1 pads 4 steps on a side of 4 steps, and 3 is the most: "
            "lower model.kernel_size or model.padding, or set model.padding_mode=zeros",
        ),
        (
            {"padding_mode": "circular", "kernel_size": 12, "shortest": 5, "longest": 5},
            "padding_mode is circular but layer 1 pads 6 steps on a side of 5 steps, and 5 is the most: "
            "lower model.kernel_size or model.padding, or set model.padding_mode=zeros",
        ),
        (
            {"stride": [1, 2, 1], "padding": 2, "per_step": True},
            "stride is 2 in layer 2 but the data predicts at every step: set model.stride=1 and model.padding=same",
        ),
        (
            {"padding": ["same", "valid", 2], "per_step": True},
            "padding is valid in layer 2, which changes the number of steps, "
            "but the data predicts at every step: set model.padding=same",
        ),
        (
            {"kernel_size": 4, "padding": 2, "per_step": True},
            "padding is 2 in layer 1, which changes the number of steps, "
            "but the data predicts at every step: set model.padding=same",
        ),
    ],
)
def test_refuses_in_words(chosen, message):
    with pytest.raises(WrongInput) as error:
        ConvStack(6, **chosen)
    assert str(error.value) == message


@pytest.mark.parametrize(
    "chosen",
    [
        {"kernel_size": 9, "longest": 1},  # same
        {"kernel_size": 5, "padding": 2, "per_step": True},
        {"padding_mode": "reflect", "padding": "valid", "shortest": 15, "longest": 20},  # nothing is padded
        {"padding_mode": "replicate", "kernel_size": 9, "shortest": 1, "longest": 1},
        {"padding_mode": "circular", "kernel_size": 9, "shortest": 4, "longest": 4},
        {"padding_mode": "reflect", "kernel_size": 7, "shortest": 4, "longest": 4},
    ],
)
def test_accepts_what_works(chosen):
    length = chosen.get("longest", 20)
    outputs, lengths = ConvStack(6, **chosen).eval()(torch.randn(2, length, 6), torch.tensor([length] * 2))
    assert outputs.shape[1] == lengths[0]
