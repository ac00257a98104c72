"""A convolution's sum is the one that torch computes."""

import itertools

import pytest
import torch
from torch import nn

from seqtrain.batch import Batch
from seqtrain.dimensions import Layer, walk
from seqtrain.dimensions.convolution import convolution, length_sum
from seqtrain.heads import StepHead
from seqtrain.models.conv import ConvStack
from seqtrain.network import Network


def conv_layer(steps: int, **settings) -> Layer:
    backbone = ConvStack(2, channels=[4], norm="none", activation="none", dropout=0.0, **settings)
    batch = Batch(torch.randn(3, steps, 2), torch.full((3,), steps), torch.zeros(3), None, torch.arange(3))
    return walk(Network(None, backbone, StepHead(4, 1)), batch).layers[0]


@pytest.mark.parametrize(
    ("kernel_size", "stride", "padding", "dilation"), list(itertools.product((1, 4), (1, 3), (0, 2), (1, 2)))
)
def test_the_sum_gives_what_leaves(kernel_size: int, stride: int, padding: int, dilation: int):
    layer = conv_layer(17, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)
    formula = f"floor((17 + 2*{padding} - {dilation}*({kernel_size}-1) - 1)/{stride}) + 1 = "
    assert layer.notes == (f"T' = {formula}{layer.output[2]}",)


@pytest.mark.parametrize(
    ("kernel_size", "pads", "words"),
    [
        (5, "2*2", "2 steps of zeros on either side"),
        (3, "2*1", "1 step of zeros on either side"),
        (4, "1 + 2", "1 step of zeros before and 2 after"),
    ],
)
def test_same_is_written_with_the_padding_it_means(kernel_size: int, pads: str, words: str):
    layer = conv_layer(17, kernel_size=kernel_size, padding="same")
    assert (layer.input, layer.output) == ((3, 2, 17), (3, 4, 17))
    assert layer.notes == (
        f"T' = floor((17 + {pads} - 1*({kernel_size}-1) - 1)/1) + 1 = 17",
        f"padding=same: {words}, so that T' = T",
    )


def test_valid_adds_nothing():
    assert conv_layer(17, kernel_size=5, padding="valid").notes == ("T' = floor((17 + 2*0 - 1*(5-1) - 1)/1) + 1 = 13",)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("padding", ["same", "valid", 3])
def test_torchs_own_convolution_is_written_too(padding: str | int):
    conv = nn.Conv1d(2, 4, 6, padding=padding)
    after = conv(torch.randn(3, 2, 17)).shape[2]
    assert convolution(conv, None, (3, 2, 17)).notes[0].endswith(f" = {after}")


def test_groups_are_in_the_weight():
    weight = conv_layer(17, kernel_size=3, groups=2).tensors[0]
    assert (weight.letters, weight.shape) == ("(C', C/groups, kernel_size) with 2 groups", (4, 1, 3))


def test_the_article_is_quoted_exactly():
    conv = nn.Conv1d(128, 128, 4, padding=2)
    assert length_sum(129, 2, 2, conv) == "floor((129 + 2*2 - 1*(4-1) - 1)/1) + 1 = 130"
