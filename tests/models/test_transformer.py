"""The encoder follows its published equations, written here as plain loops, and refuses what it cannot do."""

import math

import pytest
import torch

from seqtrain.errors import WrongInput
from seqtrain.models.positions import rotate
from seqtrain.models.transformer import SelfAttention, Transformer

LENGTHS = [7, 3, 1]


def turned(vector, place):
    """Su et al. 2021, equation 14: pairs of features turned by the angles place * 10000^(-2i/E)."""
    out = torch.empty_like(vector)
    half = len(vector) // 2
    for i in range(half):
        angle = place * 10000 ** (-2 * i / len(vector))
        cos, sin = math.cos(angle), math.sin(angle)
        out[i] = cos * vector[i] - sin * vector[i + half]
        out[i + half] = sin * vector[i] + cos * vector[i + half]
    return out


def attended(layer, steps, *, rotary):
    """Vaswani et al. 2017, equation 1, for each head and query of one sequence (T, H)."""
    hidden = steps.shape[1]
    each = hidden // layer.heads
    queries, keys, values = (steps @ layer.queries_keys_values.weight.T + layer.queries_keys_values.bias).chunk(3, 1)
    joined = torch.empty_like(steps)
    for head in range(layer.heads):
        part = slice(head * each, (head + 1) * each)
        for t in range(len(steps)):
            scores = []
            for s in range(len(steps)):
                query, key = queries[t, part], keys[s, part]
                if rotary:
                    query, key = turned(query, t), turned(key, s)
                scores.append(query @ key / math.sqrt(each))
            weights = torch.stack(scores).softmax(0)
            joined[t, part] = sum(weight * value for weight, value in zip(weights, values[:, part], strict=True))
    return joined @ layer.leave.weight.T + layer.leave.bias


@torch.no_grad()
@pytest.mark.parametrize("rotary", [True, False])
def test_attention_follows_its_equation_and_leaves_padding_out(rotary):
    torch.manual_seed(0)
    layer = SelfAttention(8, heads=2, rotary=rotary).double()
    steps = torch.randn(len(LENGTHS), max(LENGTHS), 8, dtype=torch.float64)
    valid = (torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None])[:, None, None]
    outputs = layer(steps, valid)
    for row, length in enumerate(LENGTHS):
        expected = attended(layer, steps[row, :length], rotary=rotary)
        torch.testing.assert_close(outputs[row, :length], expected, rtol=1e-12, atol=1e-12)


@torch.no_grad()
@pytest.mark.parametrize("positions", ["rotary", "learned"])
def test_an_encoder_is_norm_attention_norm_and_two_linear_maps(positions):
    """Xiong et al. 2020, table 1, right."""
    torch.manual_seed(0)
    model = Transformer(3, hidden=8, num_layers=2, heads=2, positions=positions, longest=7).double().eval()
    inputs, lengths = torch.randn(3, 7, 3, dtype=torch.float64), torch.tensor(LENGTHS)
    outputs, after = model(inputs, lengths)
    assert torch.equal(after, lengths)
    for row, length in enumerate(LENGTHS):
        steps = model.enter(inputs[row, :length])
        if positions == "learned":
            steps = steps + model.places.vectors[:length]
        for layer in model.layers:
            steps = steps + attended(layer.attend, layer.attend_norm(steps), rotary=positions == "rotary")
            first, activation, second = layer.feed
            steps = steps + second(activation(first(layer.feed_norm(steps))))
        torch.testing.assert_close(outputs[row, :length], model.norm(steps), rtol=1e-12, atol=1e-12)


def test_turned_vectors_meet_as_their_distance_says():
    query, key = torch.randn(2, 6, dtype=torch.float64)
    turned_both = rotate(torch.stack((query, key))[:, None].expand(2, 900, 6))
    products = [turned_both[0, t + 5] @ turned_both[1, t] for t in (0, 17, 894)]
    torch.testing.assert_close(products[1:], products[:1] * 2, rtol=1e-10, atol=1e-10)
    assert (turned_both[0, 6] @ turned_both[1, 0] - products[0]).abs() > 1e-3


def test_half_precision_turns_by_the_same_angles():
    parts = torch.randn(1, 3000, 8)
    close = {"rtol": 0.02, "atol": 0.03}  # bfloat16 has 8 bits
    torch.testing.assert_close(rotate(parts.bfloat16()).float(), rotate(parts.bfloat16().float()), **close)


@pytest.mark.parametrize("positions", ["rotary", "learned"])
def test_the_order_of_the_steps_matters(positions):
    torch.manual_seed(0)
    model = Transformer(3, hidden=8, heads=2, positions=positions, longest=6).eval()
    inputs, lengths = torch.randn(1, 6, 3), torch.tensor([6])
    forwards, backwards = model(inputs, lengths)[0], model(inputs.flip(1), lengths)[0].flip(1)
    assert (forwards - backwards).abs().max() > 1e-3


def test_parameters_are_those_of_the_paper():
    """12 H^2 a layer in its matrices (Vaswani et al. 2017, section 3), and its biases and norms."""
    features, hidden, layers = 5, 32, 3
    model = Transformer(features, hidden=hidden, num_layers=layers, longest=40)
    ends = (features + 1) * hidden + 2 * hidden
    assert sum(p.numel() for p in model.parameters()) == layers * (12 * hidden**2 + 13 * hidden) + ends
    learned = Transformer(features, hidden=hidden, num_layers=layers, positions="learned", longest=40)
    assert sum(p.numel() for p in learned.parameters()) - sum(p.numel() for p in model.parameters()) == 40 * hidden


def test_learned_positions_refuse_a_longer_sequence_and_take_more_padding():
    model = Transformer(3, positions="learned", longest=6).eval()
    with pytest.raises(WrongInput, match=r"has 8 steps but the model learned 6 positions: .*positions=rotary"):
        model(torch.zeros(2, 8, 3), torch.tensor([3, 8]))
    inputs, lengths = torch.randn(1, 6, 3), torch.tensor([6])
    padded = torch.cat((inputs, torch.zeros(1, 9, 3)), 1)
    torch.testing.assert_close(model(padded, lengths)[0][:, :6], model(inputs, lengths)[0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden": 30, "heads": 4}, "heads is 4 but must divide hidden 30"),
        ({"hidden": 12, "heads": 4}, "heads is 4, which leaves each 3 of 12 features"),
    ],
)
def test_features_that_heads_cannot_share_are_refused(settings, message):
    with pytest.raises(WrongInput, match=message):
        Transformer(3, longest=6, **settings)
