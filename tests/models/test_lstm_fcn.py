"""LSTM-FCN has the two branches of its paper, its LSTM seeing the series with dimensions shuffled."""

import pytest
import torch

from seqtrain.errors import WrongInput
from seqtrain.heads import mean_over_time
from seqtrain.models.lstm_fcn import LstmFcn


def parameters_of_the_paper(features: int, longest: int) -> int:
    """The convolutions of FCN, and an LSTM of 8 that sees all steps at once; torch has two biases for each gate."""
    blocks = ((8, features, 128), (5, 128, 256), (3, 256, 128))
    convolutions = sum(size * before * after + after + 2 * after for size, before, after in blocks)
    return convolutions + 4 * 8 * (longest + 8 + 2)


@pytest.mark.parametrize("features", [1, 4])
def test_has_the_published_sizes(features):
    model = LstmFcn(features, longest=150)
    assert sum(p.numel() for p in model.parameters()) == parameters_of_the_paper(features, 150)
    assert model.out_features == 128 + 8
    assert model.dropout.p == 0.8


def lstm_in_loops(layer, rows):
    """(n, longest): the last hidden state after n steps, gates in torch's order i, f, g, o."""
    hidden = cell = rows.new_zeros(layer.hidden_size)
    for row in rows:
        gates = layer.weight_ih_l0 @ row + layer.bias_ih_l0 + layer.weight_hh_l0 @ hidden + layer.bias_hh_l0
        i, f, g, o = gates.chunk(4)
        cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
        hidden = o.sigmoid() * cell.tanh()
    return hidden


@pytest.mark.parametrize("features", [1, 3])
def test_its_mean_is_pooled_convolutions_beside_the_state_after_the_features(features):
    torch.manual_seed(0)
    model = LstmFcn(features, channels=[4, 6, 4], hidden=5, longest=12).double().eval()
    inputs, lengths = torch.randn(2, 12, features, dtype=torch.float64), torch.tensor([12, 7])
    with torch.no_grad():
        outputs, after = model(inputs, lengths)
        pooled = mean_over_time(outputs, after)
        local, _ = model.fcn(inputs, lengths)
        for row, length in enumerate(lengths.tolist()):
            shuffled = torch.zeros(features, 12, dtype=torch.float64)
            shuffled[:, :length] = inputs[row, :length].T
            expected = torch.cat([local[row, :length].mean(0), lstm_in_loops(model.lstm.layers, shuffled)])
            torch.testing.assert_close(pooled[row], expected)
    assert after.tolist() == [12, 7]


def test_a_longer_sequence_is_refused_in_words():
    model = LstmFcn(1, channels=[4], kernel_size=3, longest=5).eval()
    model(torch.zeros(1, 9, 1), torch.tensor([5]))
    with pytest.raises(WrongInput, match=r"has 6 steps but this model was trained on at most 5.*train with model=fcn"):
        model(torch.zeros(1, 9, 1), torch.tensor([6]))
