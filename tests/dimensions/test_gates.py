"""Recurrent weights are named with the gates that they stack, in torch's order."""

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from seqtrain.batch import Batch
from seqtrain.dimensions import Dimensions, Layer, walk
from seqtrain.dimensions.recurrent import recurrent
from seqtrain.heads import StepHead
from seqtrain.models.recurrent import Recurrent
from seqtrain.network import Network

GATES = {"rnn_tanh": (1, "h"), "rnn_relu": (1, "h"), "gru": (3, "r, z, n"), "lstm": (4, "i, f, g, o")}


def recurrent_layer(cell: str, lengths: list[int], **settings) -> Layer:
    backbone = Recurrent(3, cell=cell, hidden=5, **settings)  # type: ignore[arg-type]
    given = torch.tensor(lengths)
    batch = Batch(torch.randn(len(given), max(lengths), 3), given, torch.zeros(len(given)), None, torch.arange(2))
    return walk(Network(None, backbone, StepHead(backbone.out_features, 1)), batch).layers[0]


def named(layer: Layer) -> dict[str, Dimensions]:
    return {each.name: each for each in layer.tensors}


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", GATES)
def test_every_layer_and_direction_has_its_weights(cell: str, bidirectional: bool):
    layer = recurrent_layer(cell, [6, 6], num_layers=2, bidirectional=bidirectional)
    stacked, gates = GATES[cell]
    rows = f"{stacked}*hidden" if stacked > 1 else "hidden"
    below = "2*hidden" if bidirectional else "hidden"
    expected = []
    for depth, (letters, width) in enumerate([("features", 3), (below, 10 if bidirectional else 5)]):
        for direction in ["", "_reverse"] if bidirectional else [""]:
            end = f"l{depth}{direction}"
            expected += [
                Dimensions(f"weight_ih_{end}", f"({rows}, {letters})", (stacked * 5, width), gates),
                Dimensions(f"weight_hh_{end}", f"({rows}, hidden)", (stacked * 5, 5), gates),
                Dimensions(f"bias_ih_{end}", f"({rows})", (stacked * 5,), gates),
                Dimensions(f"bias_hh_{end}", f"({rows})", (stacked * 5,), gates),
            ]
    assert list(layer.tensors[: len(expected)]) == expected
    sizes = [torch.Size(each.shape).numel() for each in expected]
    assert layer.parameters == sum(sizes)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", GATES)
def test_the_answers_have_their_shapes(cell: str, bidirectional: bool):
    layer = recurrent_layer(cell, [6, 6], num_layers=2, bidirectional=bidirectional)
    answers = [(each.name, each.letters, each.shape) for each in layer.tensors if "_l" not in each.name]
    times, letters = (2, "*2") if bidirectional else (1, "")
    width = "2*hidden" if bidirectional else "hidden"
    state = (f"(num_layers{letters}, B, hidden)", (2 * times, 2, 5))
    expected = [("output", f"(B, T, {width})", (2, 6, 5 * times)), ("h_n", *state)]
    assert answers == expected + ([("c_n", *state)] if cell == "lstm" else [])
    assert layer.output == (2, 6, 5 * times)


def test_without_bias_there_is_none():
    names = named(recurrent_layer("lstm", [6, 6], bias=False))
    assert list(names) == ["weight_ih_l0", "weight_hh_l0", "output", "h_n", "c_n"]


def test_a_packed_batch_counts_its_valid_steps():
    module = nn.GRU(3, 5, batch_first=True, bidirectional=True)
    packed = pack_padded_sequence(torch.randn(2, 6, 3), torch.tensor([6, 2]), batch_first=True)
    told = recurrent(module, packed, module(packed))
    assert told.notes[-1] == "packed: 8 valid steps of 2 x 6 = 12"
    assert {each.name: each.shape for each in told.tensors}["output"] == (2, 6, 10)


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
def test_projections_are_named():
    module = nn.LSTM(3, 5, proj_size=2, num_layers=2, batch_first=True)
    inputs = torch.randn(2, 6, 3)
    names = {each.name: each for each in recurrent(module, inputs, module(inputs)).tensors}
    assert names["weight_hh_l0"].letters == "(4*hidden, proj_size)"
    assert names["weight_hr_l0"] == Dimensions("weight_hr_l0", "(proj_size, hidden)", (2, 5))
    assert names["weight_ih_l1"].shape == (20, 2)
    assert names["output"].letters == "(B, T, proj_size)"
    assert [names[state].shape for state in ("h_n", "c_n")] == [(2, 2, 2), (2, 2, 5)]


def biases(module: nn.RNNBase) -> tuple[SimpleNamespace, SimpleNamespace]:
    """The biases of a layer by the gates that the walk names."""
    tensors = {each.name: each for each in recurrent(module, None, module(torch.zeros(1, 1, 3))).tensors}
    parts = []
    for name in ("bias_ih_l0", "bias_hh_l0"):
        gates = tensors[name].meaning.split(", ")
        parts.append(SimpleNamespace(**dict(zip(gates, getattr(module, name).chunk(len(gates)), strict=True))))
    return parts[0], parts[1]


def first_step(module: nn.RNNBase) -> Tensor:
    """Its output where no weight counts and the state is zero, so that only biases speak."""
    for weight in (module.weight_ih_l0, module.weight_hh_l0):
        nn.init.zeros_(weight)  # type: ignore[arg-type]
    output, _ = module(torch.zeros(1, 1, 3))
    return output[0, 0]


def test_the_gates_of_an_lstm_are_in_the_order_named():
    module = nn.LSTM(3, 5, batch_first=True)
    x, h = biases(module)
    cell = torch.sigmoid(x.i + h.i) * torch.tanh(x.g + h.g)
    torch.testing.assert_close(first_step(module), torch.sigmoid(x.o + h.o) * torch.tanh(cell))


def test_the_gates_of_a_gru_are_in_the_order_named():
    module = nn.GRU(3, 5, batch_first=True)
    x, h = biases(module)
    new = torch.tanh(x.n + torch.sigmoid(x.r + h.r) * h.n)
    torch.testing.assert_close(first_step(module), (1 - torch.sigmoid(x.z + h.z)) * new)
