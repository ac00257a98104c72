"""minGRU follows its published equations, one step at a time, however long the sequence."""

import pytest
import torch
from torch.nn.functional import logsigmoid

from seqtrain.models.mingru import MinGRU, all_states, log_g
from seqtrain.models.scan import scan

LENGTHS = [7, 3, 1]


def g(x):
    """Feng et al. 2024: positive and continuous."""
    return x + 0.5 if x >= 0 else x.sigmoid()


def reference(model, sequence, state):
    """Feng et al. 2024, section 3.1, one number at a time: (T, F) -> (T, H); state (num_layers, H)."""
    for layer, start in zip(model.layers, state, strict=True):
        h, outputs = list(start), []
        for x in sequence:
            numbers = layer.weight @ x + layer.bias
            for j in range(len(h)):
                z = numbers[j].sigmoid()
                h[j] = (1 - z) * h[j] + z * g(numbers[len(h) + j])
            outputs.append(torch.stack(h))
        sequence = torch.stack(outputs)
    return sequence


@torch.no_grad()
@pytest.mark.parametrize("num_layers", [1, 3])
def test_outputs_follow_the_equations(num_layers):
    torch.manual_seed(0)
    model = MinGRU(2, hidden=4, num_layers=num_layers).double()
    inputs, lengths = 3 * torch.randn(3, 7, 2, dtype=torch.float64), torch.tensor(LENGTHS)
    outputs, after = model(inputs, lengths)
    assert torch.equal(after, lengths)
    for row, length in enumerate(LENGTHS):
        expected = reference(model, inputs[row, :length], torch.zeros(num_layers, 4, dtype=torch.float64))
        torch.testing.assert_close(outputs[row, :length], expected, rtol=1e-12, atol=1e-12)


@torch.no_grad()
def test_a_sequence_read_in_two_pieces_is_the_sequence():
    torch.manual_seed(0)
    model = MinGRU(2, hidden=4, num_layers=2).double()
    inputs = torch.randn(2, 30, 2, dtype=torch.float64)
    whole, _ = model(inputs, torch.tensor([30, 16]))
    first, state = model.read_on(inputs[:, :11], torch.tensor([11, 11]), model.first_state(inputs))
    second, state = model.read_on(inputs[:, 11:], torch.tensor([19, 5]), state)
    torch.testing.assert_close(torch.cat((first, second), 1), whole, rtol=1e-12, atol=1e-12)
    _, expected = model.read_on(inputs[1:, :16], torch.tensor([16]), model.first_state(inputs[1:]))
    torch.testing.assert_close(state[1:], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("dtype", "close"), [(torch.float64, 1e-13), (torch.float32, 2e-6)])
@pytest.mark.parametrize("steps", [1, 2, 3, 17, 5000])
def test_the_scan_is_the_loop_and_so_are_its_gradients(steps, dtype, close):
    """Gates from wide open to shut: the running sum of log a falls below -10,000 in 5,000 steps."""
    torch.manual_seed(0)
    gates = (4 * torch.randn(2, steps, 3, dtype=dtype)).requires_grad_()
    log_b = torch.randn(2, steps, 3, dtype=dtype, requires_grad=True)
    start = torch.rand(2, 3, dtype=dtype)
    states = scan(logsigmoid(gates), log_b, start)
    gradients = torch.autograd.grad(states.square().sum(), (gates, log_b))

    h, expected = start.double(), []
    for a, b in zip(gates.double().sigmoid().unbind(1), log_b.double().exp().unbind(1), strict=True):
        h = a * h + b
        expected.append(h)
    looped = torch.stack(expected, 1)
    exact = torch.autograd.grad(looped.square().sum(), (gates, log_b))
    torch.testing.assert_close(states.double(), looped, rtol=close, atol=0)
    for gradient, other in zip(gradients, exact, strict=True):
        torch.testing.assert_close(gradient, other, rtol=close, atol=close * float(other.abs().max()))


def test_a_gate_that_is_shut_or_open_for_thousands_of_steps_keeps_its_gradient_finite():
    for gate in (-90.0, 90.0):
        gates = torch.full((1, 5000, 1), gate, requires_grad=True)
        states = scan(logsigmoid(gates), logsigmoid(-gates), torch.zeros(1, 1))
        assert states.isfinite().all()
        (gradient,) = torch.autograd.grad(states.sum(), gates)
        assert gradient.isfinite().all()


def test_log_g_is_the_logarithm_of_g():
    values = torch.tensor([-100.0, -3.0, -1e-3, 0.0, 1e-3, 2.0, 100.0], dtype=torch.float64, requires_grad=True)
    expected = torch.stack([g(value) for value in values]).log()
    torch.testing.assert_close(log_g(values), expected, rtol=1e-12, atol=1e-12)
    for one, other in zip(
        torch.autograd.grad(log_g(values).sum(), values), torch.autograd.grad(expected.sum(), values), strict=True
    ):
        torch.testing.assert_close(one[values != 0], other[values != 0], rtol=1e-9, atol=1e-12)


def test_parameters_are_those_of_the_paper():
    """2 F H in a layer's matrices (Feng et al. 2024, section 3.1), and its biases."""
    features, hidden = 5, 16
    model = MinGRU(features, hidden=hidden, num_layers=3)
    counts = [2 * width * hidden + 2 * hidden for width in (features, hidden, hidden)]
    assert sum(p.numel() for p in model.parameters()) == sum(counts)


@pytest.mark.parametrize("steps", [1, 2, 12, 40])
def test_gradients_written_out_are_those_of_the_equations(steps, monkeypatch):
    monkeypatch.setattr("seqtrain.models.mingru._AT_ONCE", 2 * steps * 3)  # two sequences at a time
    torch.manual_seed(0)
    gated = (3 * torch.randn(3, steps, 6, dtype=torch.float64)).requires_grad_()
    start = torch.rand(3, 3, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(3, steps, 3, dtype=torch.float64)
    h, expected = start, []
    for update, value in zip(*(part.unbind(1) for part in gated.chunk(2, 2)), strict=True):
        h = (1 - update.sigmoid()) * h + update.sigmoid() * log_g(value).exp()
        expected.append(h)
    looped = torch.autograd.grad((torch.stack(expected, 1) * weights).sum(), (gated, start))
    written = torch.autograd.grad((all_states(gated, start) * weights).sum(), (gated, start))
    torch.testing.assert_close(written, looped, rtol=1e-11, atol=1e-12)
