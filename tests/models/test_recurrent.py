"""Recurrent layers follow their published equations, written here as plain loops."""

import pytest
import torch

from seqtrain.models.recurrent import Recurrent

CELLS = ["rnn_tanh", "rnn_relu", "gru", "lstm"]
KERNELS = [(cell, kernel) for cell in CELLS for kernel in ("torch", "fused")]
LENGTHS = [7, 3, 1]


def step(cell, x, h, c, w, u, b, d):
    """One step of one sequence; w and u multiply x and h, gates stacked in torch's order."""
    if cell in ("rnn_tanh", "rnn_relu"):  # Elman 1990
        h = w @ x + b + u @ h + d
        return (h.tanh() if cell == "rnn_tanh" else h.clamp(min=0)), c
    if cell == "lstm":  # Hochreiter and Schmidhuber 1997, with forget gates
        i, f, g, o = (w @ x + b + u @ h + d).chunk(4)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c
    wr, wz, wn = (w @ x + b).chunk(3)  # Cho et al. 2014
    ur, uz, un = (u @ h + d).chunk(3)
    r, z = (wr + ur).sigmoid(), (wz + uz).sigmoid()
    n = (wn + r * un).tanh()
    return (1 - z) * n + z * h, c


def reference(model, cell, sequence, hidden, start):
    """(T, F) -> (T, directions x H); `start` is (h, c), each (layers x directions, H)."""
    layers = model.layers
    directions = 2 if layers.bidirectional else 1
    zeros = torch.zeros(hidden, dtype=torch.float64)
    for layer in range(layers.num_layers):
        halves = []
        for direction in range(directions):
            name = f"l{layer}" + ("_reverse" if direction else "")
            w, u = getattr(layers, f"weight_ih_{name}"), getattr(layers, f"weight_hh_{name}")
            b = getattr(layers, f"bias_ih_{name}") if layers.bias else 0
            d = getattr(layers, f"bias_hh_{name}") if layers.bias else 0
            h, c = (s[layer * directions + direction] if s is not None else zeros for s in start)
            outputs = []
            for x in sequence.flip(0) if direction else sequence:
                h, c = step(cell, x, h, c, w, u, b, d)
                outputs.append(h)
            halves.append(torch.stack(outputs[::-1] if direction else outputs))
        sequence = torch.cat(halves, 1)
    return sequence


def assert_equations(model, cell, inputs, lengths, hidden, starts):
    """`starts(b)` is the state that sequence b begins with."""
    outputs, returned = model(inputs, lengths)
    assert torch.equal(returned, lengths)
    assert outputs.shape == (*inputs.shape[:2], model.out_features)
    for b, length in enumerate(lengths.tolist()):
        expected = reference(model, cell, inputs[b, :length], hidden, starts(b))
        torch.testing.assert_close(outputs[b, :length], expected, atol=1e-10, rtol=1e-10)
        assert not outputs[b, length:].any()


@pytest.mark.parametrize(("cell", "kernel"), KERNELS)
@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("bias", [False, True])
def test_follows_its_equations(cell, kernel, bidirectional, num_layers, bias):
    torch.manual_seed(0)
    model = Recurrent(
        3, cell=cell, kernel=kernel, hidden=4, num_layers=num_layers, bidirectional=bidirectional, bias=bias
    )
    inputs = torch.randn(3, 7, 3, dtype=torch.float64)
    assert_equations(model.double(), cell, inputs, torch.tensor(LENGTHS), 4, lambda b: (None, None))


@pytest.mark.parametrize(("cell", "kernel"), KERNELS)
@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("lengths", [LENGTHS, [7, 7, 7]])
def test_learned_initial_state_starts_every_sequence(cell, kernel, bidirectional, lengths):
    torch.manual_seed(0)
    model = Recurrent(
        3, cell=cell, kernel=kernel, hidden=4, num_layers=2, bidirectional=bidirectional, initial_state="learned"
    ).double()
    assert not model.start.any()
    with torch.no_grad():
        model.start.normal_()
    start = model.start.squeeze(2)  # (h and c, layers x directions, H)
    inputs = torch.randn(3, 7, 3, dtype=torch.float64)
    assert_equations(model, cell, inputs, torch.tensor(lengths), 4, lambda b: (start[0], start[-1]))
    model(inputs, torch.tensor(lengths))[0].sum().backward()
    assert model.start.grad is not None
    assert model.start.grad.abs().sum() > 0


@pytest.mark.parametrize(("cell", "kernel"), KERNELS)
@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("bidirectional", [False, True])
def test_random_initial_state_is_normal_in_training_and_zero_in_evaluation(cell, kernel, bidirectional):
    model = Recurrent(
        3, cell=cell, kernel=kernel, hidden=4, num_layers=2, bidirectional=bidirectional, initial_state="random"
    ).double()
    inputs = torch.randn(3, 7, 3, dtype=torch.float64)
    lengths = torch.tensor(LENGTHS)
    states = 2 if cell == "lstm" else 1
    torch.manual_seed(5)
    drawn = torch.randn(states, 4 if bidirectional else 2, 3, 4, dtype=torch.float64)
    torch.manual_seed(5)
    assert_equations(model, cell, inputs, lengths, 4, lambda b: (drawn[0, :, b], drawn[-1, :, b]))
    assert_equations(model.eval(), cell, inputs, lengths, 4, lambda b: (None, None))


@pytest.mark.parametrize(("cell", "kernel"), KERNELS)
@pytest.mark.usefixtures("compiled")
def test_a_carried_state_continues_a_sequence(cell, kernel):
    torch.manual_seed(0)
    model = Recurrent(3, cell=cell, kernel=kernel, hidden=4).double()
    inputs = torch.randn(2, 9, 3, dtype=torch.float64)
    whole, _ = model(inputs, torch.tensor([9, 9]))
    _, state = model.layers(inputs[:, :5])
    rest, _ = model(inputs[:, 5:], torch.tensor([4, 4]), state)
    torch.testing.assert_close(rest, whole[:, 5:], atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize(("cell", "kernel"), KERNELS)
@pytest.mark.usefixtures("compiled")
def test_one_direction_needs_no_packing(cell, kernel):
    torch.manual_seed(0)
    model = Recurrent(3, cell=cell, kernel=kernel, hidden=8, num_layers=2)
    inputs, lengths = torch.randn(3, 7, 3), torch.tensor(LENGTHS)
    packed = torch.nn.utils.rnn.pack_padded_sequence(inputs, lengths, batch_first=True)
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(model.layers(packed)[0], batch_first=True)
    torch.testing.assert_close(model(inputs, lengths)[0], expected, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("kernel", ["torch", "fused"])
@pytest.mark.usefixtures("compiled")
def test_dropout_acts_between_layers_and_leaves_a_single_one_alone(kernel):
    inputs, lengths = torch.randn(2, 5, 3), torch.tensor([5, 5])
    single, double = (Recurrent(3, cell="gru", kernel=kernel, hidden=8, num_layers=n, dropout=0.5) for n in (1, 2))
    assert torch.equal(single(inputs, lengths)[0], single(inputs, lengths)[0])
    assert not torch.equal(double(inputs, lengths)[0], double(inputs, lengths)[0])
    assert torch.equal(double.eval()(inputs, lengths)[0], double(inputs, lengths)[0])
