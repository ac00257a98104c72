"""SketchMate has the published sizes, and says so when they cannot hold."""

import logging

import pytest
import torch
from torch import nn

from seqtrain.errors import WrongInput
from seqtrain.models.sketchmate import Sketchmate


def test_has_the_published_shapes_and_parameters():
    model = Sketchmate(3, longest=196).eval()
    batch = 4  # 512 in the paper's code
    steps, lengths = torch.randn(batch, 196, 3), torch.full((batch,), 196)
    shapes = [(batch, 196, 3)]
    hidden, after = steps.transpose(1, 2), lengths
    for layer in model.strokes.layers:
        hidden, after = layer(hidden, after)
        shapes.append(tuple(hidden.shape))
    outputs, after = model(steps, lengths)
    head = nn.Linear(95232, 40)
    shapes += [tuple(outputs.shape), tuple(outputs.flatten(1).shape), tuple(head(outputs.flatten(1)).shape)]
    sizes = [(196, 3), (48, 192), (64, 188), (96, 186), (186, 512), (95232,), (40,)]
    assert shapes == [(batch, *size) for size in sizes]
    assert after.tolist() == [186] * batch
    assert model.out_features == 512
    assert model.read == "flatten"
    assert sum(p.numel() for p in [*model.parameters(), *head.parameters()]) == 4_569_032


def test_is_three_convolutions_without_activations_then_a_bidirectional_lstm():
    torch.manual_seed(0)
    model = Sketchmate(3, hidden=8).double().eval()
    inputs = torch.randn(2, 30, 3, dtype=torch.float64)
    layers = model.strokes.layers
    steps = layers[2].conv(layers[1].conv(layers[0].conv(inputs.transpose(1, 2)))).transpose(1, 2)
    expected, _ = model.order.layers(steps)
    torch.testing.assert_close(model(inputs, torch.tensor([30, 30]))[0], expected)
    assert [layer.dropout.p for layer in layers] == [0.1] * 3


def test_shorter_than_its_field_leaves_one_step():
    model = Sketchmate(3, hidden=8, longest=40).eval()
    outputs, lengths = model(torch.randn(4, 30, 3), torch.tensor([1, 10, 11, 30]))
    assert lengths.tolist() == [1, 1, 1, 20]
    assert outputs.shape == (4, 20, 16)
    assert model(torch.randn(1, 4, 3), torch.tensor([4]))[0].shape == (1, 1, 16)


def test_keeps_every_step_where_the_data_predicts_at_each_and_says_so(caplog):
    with caplog.at_level(logging.INFO, "seqtrain"):
        model = Sketchmate(3, hidden=8, per_step=True, longest=5)
    assert caplog.messages == ["sketchmate pads its convolutions to keep every step, since the data predicts at each"]
    outputs, lengths = model(torch.randn(2, 5, 3), torch.tensor([5, 2]))
    assert outputs.shape == (2, 5, 16)
    assert lengths.tolist() == [5, 2]


def test_is_silent_about_padding_otherwise(caplog):
    with caplog.at_level(logging.INFO, "seqtrain"):
        Sketchmate(3, hidden=8, longest=11)
    assert not caplog.messages


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"longest": 10},
            "kernel_size is [5, 5, 3], which needs 11 steps, but the longest sequence has 10 steps: "
            "lower model.kernel_size to [4, 4, 3]",
        ),
        (
            {"kernel_size": 7, "longest": 1},
            "kernel_size is 7, which needs 19 steps, but the longest sequence has 1 step: lower model.kernel_size to 1",
        ),
        (
            {"channels": [8, 8]},
            "kernel_size has 3 values but channels has 2: "
            "give model.kernel_size one value for all layers, or a list of 2",
        ),
    ],
)
def test_refuses_in_words(settings, message):
    with pytest.raises(WrongInput) as error:
        Sketchmate(3, **settings)
    assert str(error.value) == message
