"""S4D follows its published equations: kernel, convolution and recurrence are one and the same."""

import cmath
import math

import pytest
import torch
from torch.nn.functional import gelu

from seqtrain.errors import WrongInput
from seqtrain.models.long_convolution import convolve, fft_length
from seqtrain.models.s4d import S4D
from seqtrain.models.state_space import StateSpace, frequencies

WAYS = [(poles, rule) for poles in ("lin", "inv") for rule in ("zoh", "bilinear")]


def make_space(poles="lin", rule="zoh", *, features=3, pairs=4, bidirectional=False):
    torch.manual_seed(0)
    settings = {"poles": poles, "discretization": rule, "dt": (0.001, 0.1), "bidirectional": bidirectional}
    return StateSpace(features, pairs=pairs, **settings).double()


def discrete(space, h, n):
    """A' and B' of one state with B = 1 (Gu et al. 2022, section 3)."""
    a = complex(-math.exp(space.log_decay[h, n]), float(space.frequency[h, n]))
    dt = math.exp(space.log_dt[h])
    if space.discretization == "zoh":
        return cmath.exp(dt * a), (cmath.exp(dt * a) - 1) / a
    return (1 + dt * a / 2) / (1 - dt * a / 2), dt / (1 - dt * a / 2)


def read_outs(space, direction, h):
    return [complex(*each) for each in space.read_out[direction, h].tolist()]


@torch.no_grad()
@pytest.mark.parametrize(("poles", "rule"), WAYS)
@pytest.mark.parametrize("count", [1, 2, 12, 50])
def test_the_kernel_is_the_sum_of_powers(poles, rule, count):
    """K_l = 2 Re(sum over n of C_n A'_n^l B'_n)."""
    space = make_space(poles, rule)
    expected = torch.zeros(3, count, dtype=torch.float64)
    for h in range(3):
        for n, c in enumerate(read_outs(space, 0, h)):
            a, b = discrete(space, h, n)
            for power in range(count):
                expected[h, power] += 2 * (c * a**power * b).real
    torch.testing.assert_close(space.kernel(count)[0], expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("at_once", [1, 1000])
def test_gradients_of_the_convolution(at_once, monkeypatch):
    monkeypatch.setattr("seqtrain.models.long_convolution._AT_ONCE", at_once)
    steps = torch.randn(3, 2, 5, dtype=torch.float64, requires_grad=True)
    kernel = torch.randn(2, 11, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(convolve, (steps, kernel[:, :10]))
    around = torch.cat([steps, steps.new_zeros(3, 2, 5)], 2)
    told = [sum(kernel[:, k % 10] * around[:, :, (t - k) % 10] for k in range(10)) for t in range(5)]
    torch.testing.assert_close(convolve(steps, kernel[:, :10]), torch.stack(told, 2))


@torch.no_grad()
@pytest.mark.parametrize(("poles", "rule"), WAYS)
def test_the_convolution_is_the_recurrence(poles, rule):
    """x_t = A' x_(t-1) + B' u_t, y_t = 2 Re(C x_t) + D u_t, one number at a time."""
    space = make_space(poles, rule)
    steps = torch.randn(2, 3, 19, dtype=torch.float64)
    expected = torch.zeros_like(steps)
    for row in range(2):
        for h in range(3):
            pairs = [(*discrete(space, h, n), c) for n, c in enumerate(read_outs(space, 0, h))]
            states = [0j] * len(pairs)
            for t in range(19):
                u = float(steps[row, h, t])
                states = [a * x + b * u for x, (a, b, _) in zip(states, pairs, strict=True)]
                read = sum((c * x).real for x, (_, _, c) in zip(states, pairs, strict=True))
                expected[row, h, t] = 2 * read + float(space.skip[h]) * u
    torch.testing.assert_close(space(steps), expected, rtol=1e-11, atol=1e-11)


@torch.no_grad()
def test_both_ways_adds_the_steps_to_come():
    space = make_space(bidirectional=True)
    steps = torch.randn(1, 3, 10, dtype=torch.float64)
    kernels = space.kernel(10)
    expected = space.skip[:, None] * steps[0]
    for t in range(10):
        for s in range(10):
            expected[:, t] += (kernels[0, :, t - s] if s <= t else kernels[1, :, s - t - 1]) * steps[0, :, s]
    torch.testing.assert_close(space(steps)[0], expected, rtol=1e-11, atol=1e-11)


@torch.no_grad()
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_layer_is_norm_space_activation_gate_and_shortcut(bidirectional):
    torch.manual_seed(0)
    model = S4D(2, hidden=4, num_layers=2, state=6, bidirectional=bidirectional).double()
    inputs, lengths = torch.randn(2, 9, 2, dtype=torch.float64), torch.tensor([9, 4])
    outputs, after = model(inputs, lengths)
    assert torch.equal(after, lengths)
    for row, length in enumerate(lengths.tolist()):
        steps = model.enter(inputs[row, :length])
        for layer in model.layers:
            seen = layer.space(layer.norm(steps).T[None])[0].T
            value, gate = layer.mix(gelu(seen)).chunk(2, 1)
            steps = steps + value * gate.sigmoid()
        torch.testing.assert_close(outputs[row, :length], steps, rtol=1e-11, atol=1e-11)


@torch.no_grad()
@pytest.mark.parametrize(("dtype", "close"), [(torch.float64, 1e-11), (torch.float32, 1e-4)])
def test_steps_give_what_the_whole_gives_after_thousands_of_them(dtype, close):
    torch.manual_seed(0)
    model = S4D(2, hidden=8, num_layers=2, state=16).to(dtype)
    inputs = torch.randn(1, 3000, 2, dtype=dtype)
    whole, _ = model(inputs, torch.tensor([3000]))
    state = None
    for t in range(3000):
        outputs, state = model.step(inputs[:, t], state)
    torch.testing.assert_close(outputs, whole[:, -1], rtol=close, atol=close)


@torch.no_grad()
def test_many_sequences_are_transformed_a_few_at_a_time(monkeypatch):
    space = make_space()
    steps = torch.randn(5, 3, 12, dtype=torch.float64)
    together = space(steps)
    monkeypatch.setattr("seqtrain.models.long_convolution._AT_ONCE", 1)
    torch.testing.assert_close(space(steps), together, rtol=1e-12, atol=1e-12)


def test_first_poles_are_those_of_the_paper():
    """S4D-Inv and S4D-Lin with N = 8, of which half are kept."""
    expected = {"inv": [8 / math.pi * (8 / (2 * n + 1) - 1) for n in range(4)], "lin": [math.pi * n for n in range(4)]}
    for poles, values in expected.items():
        torch.testing.assert_close(frequencies(4, poles), torch.tensor(values))
        decay = make_space(poles).log_decay.exp()
        torch.testing.assert_close(decay, torch.full_like(decay, 0.5), rtol=1e-7, atol=0)


def test_first_time_steps_lie_in_their_range():
    dt = make_space(features=1000).log_dt.detach().exp()
    assert 0.001 <= float(dt.min()) < 0.0012
    assert 0.08 < float(dt.max()) <= 0.1
    assert 0.008 < float(dt.median()) < 0.0125  # evenly over the logarithm


def test_parameters_are_those_of_the_paper():
    """A layer: A and C of N/2 complex numbers, D and dt for each feature; two maps of the features, and a norm."""
    features, hidden, state = 5, 16, 8
    for directions in (1, 2):
        model = S4D(features, hidden=hidden, num_layers=3, state=state, bidirectional=directions == 2)
        space = hidden * (state + directions * state + 2)
        layer = space + 2 * hidden * (hidden + 1) + 2 * hidden
        assert sum(p.numel() for p in model.parameters()) == 3 * layer + (features + 1) * hidden


def test_lengths_of_transforms_are_quick_and_no_longer_than_needed():
    for least in range(1, 3000):
        length = fft_length(least)
        assert least <= length <= max(least + 1, least * 9 / 8)
        while length % 2 == 0:
            length //= 2
        assert length <= 15


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"state": 7}, "state is 7 but holds conjugate pairs: set model.state=8"),
        ({"dt_min": 0.5}, "dt_min is 0.5 but dt_max is 0.1"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(WrongInput, match=message):
        S4D(3, **settings)


@torch.no_grad()
def test_a_sequence_read_in_two_pieces_is_the_sequence():
    torch.manual_seed(0)
    model = S4D(2, hidden=4, num_layers=2, state=6).double()
    inputs = torch.randn(2, 30, 2, dtype=torch.float64)
    whole, _ = model(inputs, torch.tensor([30, 16]))
    first, state = model.read_on(inputs[:, :11], torch.tensor([11, 11]), model.first_state(inputs))
    second, state = model.read_on(inputs[:, 11:], torch.tensor([19, 5]), state)
    torch.testing.assert_close(torch.cat((first, second), 1), whole, rtol=1e-11, atol=1e-11)
    expected = None
    for t in range(16):
        _, expected = model.step(inputs[1:, t], expected)
    torch.testing.assert_close(state[1:], expected, rtol=1e-11, atol=1e-11)


def test_a_few_sequences_at_a_time_are_the_same(monkeypatch):
    torch.manual_seed(0)
    model, inputs, lengths = S4D(2, hidden=4, num_layers=2), torch.randn(5, 9, 2), torch.tensor([9, 3, 7, 1, 9])
    whole = model(inputs, lengths)[0]
    monkeypatch.setattr("seqtrain.models.s4d._AT_ONCE", 1)
    torch.testing.assert_close(model(inputs, lengths)[0], whole)
