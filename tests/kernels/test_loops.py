"""The compiled loops say what torch's layers say: every processor's, both precisions, few and many features."""

import pytest
import torch
from torch import Tensor, nn

from seqtrain.kernels.compiler import LIBRARY
from seqtrain.kernels.gru import Gru, gru
from seqtrain.kernels.library import Loops
from seqtrain.kernels.lstm import Lstm, lstm
from seqtrain.kernels.rnn import Rnn, rnn

SIZES = [(32, 50, 1, 32), (1, 1, 3, 5), (7, 9, 12, 33), (5, 3, 8, 100), (3, 20, 9, 1), (6, 2, 1, 260)]  # B, T, F, H
CELLS = ["tanh", "relu", "gru", "lstm"]
TOLERANCE = {torch.float32: 5e-7, torch.float64: 1e-12}


def torchs(cell: str, features: int, hidden: int, dtype: torch.dtype = torch.float64, **settings: bool) -> nn.RNNBase:
    if cell in ("gru", "lstm"):
        made = nn.GRU if cell == "gru" else nn.LSTM
        return made(features, hidden, batch_first=True, dtype=dtype, **settings)
    return nn.RNN(features, hidden, nonlinearity=cell, batch_first=True, dtype=dtype, **settings)


def read(
    loops: Loops, mode: str, reverse: bool, inputs: Tensor, lengths: Tensor, starts: list[Tensor], *weights: Tensor
) -> Tensor:
    """The outputs of the compiled loops; of starts an LSTM has two, and without any all are zero."""
    if mode == "LSTM":
        return Lstm.apply(loops, reverse, inputs, lengths, *(starts or [None, None]), *weights)[0]
    start = starts[0] if starts else None
    if mode == "GRU":
        return Gru.apply(loops, reverse, inputs, lengths, start, *weights)
    return Rnn.apply(loops, mode == "RNN_RELU", reverse, inputs, lengths, start, *weights)


def fused(
    loops: Loops, layer: nn.RNNBase, inputs: Tensor, lengths: Tensor, starts: list[Tensor], reverse: bool = False
) -> Tensor:
    return read(loops, layer.mode, reverse, inputs, lengths, starts, *layer.all_weights[0])


def made_starts(cell: str, batch: int, hidden: int, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """As large as states are."""
    count = 2 if cell == "lstm" else 1
    return [torch.rand(batch, hidden, dtype=dtype, requires_grad=True) for _ in range(count)]


def assert_near(found: Tensor, expected: Tensor, dtype: torch.dtype) -> None:
    """Relative to the largest value, and absolute where that is less than 1."""
    found, expected = found.detach().double(), expected.detach().double()
    assert float((found - expected).abs().max()) <= TOLERANCE[dtype] * max(1.0, float(expected.abs().max()))


@pytest.fixture(params=[1, 2, 3], ids=["any", "avx2", "avx512"])
def processors(compiled: Loops, request: pytest.FixtureRequest) -> Loops:
    """The loops of a kind of processor, or of the best kind below it that this one is of."""
    return Loops(LIBRARY, processor=request.param)


@pytest.mark.parametrize("data", [True, False], ids=["data", "layer"])  # whether inputs need a gradient
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_outputs_and_gradients_are_those_of_torch(
    processors: Loops, cell: str, size: tuple[int, int, int, int], dtype: torch.dtype, data: bool
) -> None:
    batch, steps, features, hidden = size
    torch.manual_seed(0)
    layer = torchs(cell, features, hidden, dtype)
    inputs = torch.randn(batch, steps, features, dtype=dtype, requires_grad=not data)
    starts = made_starts(cell, batch, hidden, dtype)
    wanted = torch.randn(batch, steps, hidden, dtype=dtype) / (batch * steps)
    leaves = [*([] if data else [inputs]), *starts, *layer.parameters()]
    expected, _ = layer(inputs, tuple(each[None] for each in starts) if cell == "lstm" else starts[0][None])
    found = fused(processors, layer, inputs, torch.full((batch,), steps), starts)
    assert_near(found, expected, dtype)
    gradients = zip(
        torch.autograd.grad(found, leaves, wanted), torch.autograd.grad(expected, leaves, wanted), strict=True
    )
    for ours, theirs in gradients:
        assert ours.shape == theirs.shape
        assert_near(ours, theirs, dtype)


@pytest.mark.parametrize("data", [True, False], ids=["data", "layer"])
@pytest.mark.parametrize("features", [2, 9])  # multiplied in the loop, and by torch
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("reverse", [True, False])
@pytest.mark.parametrize("cell", CELLS)
def test_gradients_are_the_slopes(
    compiled: Loops, cell: str, reverse: bool, bias: bool, features: int, data: bool
) -> None:
    torch.manual_seed(1)
    layer = torchs(cell, features, 3, bias=bias)
    inputs = torch.randn(5, 4, features, dtype=torch.float64, requires_grad=not data)
    starts = made_starts(cell, 5, 3)
    lengths = torch.tensor([2, 4, 0, 1, 4])

    def outputs(inputs: Tensor, *given: Tensor) -> Tensor:
        return read(compiled, layer.mode, reverse, inputs, lengths, list(given[: len(starts)]), *given[len(starts) :])

    assert torch.autograd.gradcheck(outputs, (inputs, *starts, *layer.all_weights[0]))


@pytest.mark.parametrize("reverse", [True, False])
@pytest.mark.parametrize("cell", CELLS)
def test_a_sequence_gives_the_same_bits_in_any_company(compiled: Loops, cell: str, reverse: bool) -> None:
    torch.manual_seed(2)
    layer = torchs(cell, 3, 20, torch.float32)
    lengths = torch.tensor([4, 9, 1, 9, 6, 2, 0])
    inputs = torch.randn(7, 9, 3)
    inputs[torch.arange(9) >= lengths[:, None]] = float("nan")  # padding is not even looked at
    together = fused(compiled, layer, inputs, lengths, [], reverse)
    for row, length in enumerate(lengths.tolist()):
        alone = fused(compiled, layer, inputs[row : row + 1, :length].contiguous(), lengths[row : row + 1], [], reverse)
        assert torch.equal(together[row, :length], alone[0])
        assert not together[row, length:].any()
    together.sum().backward()
    assert all(weight.grad.isfinite().all() for weight in layer.parameters())


@pytest.mark.parametrize("cell", CELLS)
def test_reading_backwards_is_reading_what_is_reversed(compiled: Loops, cell: str) -> None:
    layer = torchs(cell, 3, 6)
    inputs, lengths = torch.randn(4, 8, 3, dtype=torch.float64), torch.full((4,), 8)
    forwards = fused(compiled, layer, inputs.flip(1), lengths, [])
    assert torch.equal(fused(compiled, layer, inputs, lengths, [], reverse=True), forwards.flip(1))


@pytest.mark.parametrize("cell", CELLS)
def test_nan_stays_nan_and_infinity_saturates(processors: Loops, cell: str) -> None:
    layer = torchs(cell, 1, 4, torch.float32)
    inputs = torch.tensor([[0.5, float("nan"), 0.5], [0.5, float("inf"), 0.5], [1e30, -1e30, 0.5]])[:, :, None]
    found = fused(processors, layer, inputs, torch.full((3,), 3), [])
    expected, _ = layer(inputs)
    rounding = 1e-6 * (1e30 if cell == "relu" else 1)  # a rectifier lets the last sequence's numbers through
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=rounding, equal_nan=True)
    assert found[0, 1:].isnan().all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_activations_are_exact_to_the_last_digits(processors: Loops, dtype: torch.dtype) -> None:
    values = torch.cat((torch.linspace(-100, 100, 200_001), torch.linspace(-1, 1, 100_001))).to(dtype)
    given = values[None, :, None].expand(1, -1, 1).contiguous()
    one, none = torch.ones(1, 1, dtype=dtype), torch.zeros(1, 1, dtype=dtype)
    lengths = torch.tensor([len(values)])
    with torch.no_grad():
        tanh = rnn(processors, False, False, given, lengths, None, one, none)[0, :, 0]
        gates = torch.empty(1, len(values), 3, dtype=dtype)
        ones, zeros = torch.ones(3, 1, dtype=dtype), torch.zeros(3, 1, dtype=dtype)
        recalled = torch.empty(1, len(values), 1, dtype=dtype)
        gru(processors, False, given, lengths, None, ones, zeros, gates=gates, recalled=recalled)
    limit = {torch.float32: 2e-7, torch.float64: 4e-16}[dtype]
    assert float((tanh.double() - values.double().tanh()).abs().max()) <= limit
    assert float((gates[0, :, 0].double() - values.double().sigmoid()).abs().max()) <= limit


@pytest.mark.parametrize("cell", CELLS)
def test_a_gradient_can_be_asked_for_twice(compiled: Loops, cell: str) -> None:
    layer = torchs(cell, 2, 5)
    outputs = fused(compiled, layer, torch.randn(3, 4, 2, dtype=torch.float64), torch.tensor([4, 2, 3]), [])
    first = torch.autograd.grad(outputs.sum(), list(layer.parameters()), retain_graph=True)
    second = torch.autograd.grad(outputs.sum(), list(layer.parameters()))
    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


def test_cells_are_those_of_torch(processors: Loops) -> None:
    layer, lengths = torchs("lstm", 3, 6), torch.tensor([4, 9, 1])
    inputs = torch.randn(3, 9, 3, dtype=torch.float64)
    with torch.no_grad():
        _, cells = lstm(processors, False, inputs, lengths, None, None, *layer.all_weights[0])
        for row, length in enumerate(lengths.tolist()):
            for steps in range(1, length + 1):
                _, (_, expected) = layer(inputs[row : row + 1, :steps])
                torch.testing.assert_close(cells[row, steps - 1], expected[0, 0], rtol=0, atol=1e-12)
            assert not cells[row, length:].any()
