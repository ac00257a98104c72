"""`kernel` changes how soon a recurrent layer answers, and nothing else."""

import copy

import pytest
import torch
from torch import Tensor

import seqtrain.models.recurrent
from seqtrain.models.recurrent import Recurrent

CELLS = ["rnn_tanh", "rnn_relu", "gru", "lstm"]
LENGTHS = torch.tensor([7, 3, 1, 5])

pytestmark = pytest.mark.usefixtures("compiled")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows whenever the compiled loops read a batch."""
    seen: list[int] = []
    real = seqtrain.models.recurrent.read_fused

    def read(*args: object) -> list[Tensor]:
        seen.append(1)
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(seqtrain.models.recurrent, "read_fused", read)
    return seen


def pair(cell: str, **settings: object) -> tuple[Recurrent, Recurrent]:
    """The same weights, computed by the compiled loops and by torch."""
    fused = Recurrent(3, cell=cell, hidden=6, kernel="fused", weights="uniform", **settings)  # type: ignore[arg-type]
    torchs = Recurrent(3, cell=cell, hidden=6, kernel="torch", **settings)  # type: ignore[arg-type]
    torchs.load_state_dict(fused.state_dict())
    return fused, torchs


@pytest.mark.parametrize("lengths", [LENGTHS, torch.full((4,), 7)])
@pytest.mark.parametrize("initial_state", ["zero", "learned", "random"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_answers_and_gradients_are_the_same(
    reads: list[int], cell: str, bidirectional: bool, initial_state: str, lengths: Tensor
) -> None:
    settings = {"num_layers": 3, "bidirectional": bidirectional, "initial_state": initial_state}
    inputs = torch.randn(4, 7, 3, dtype=torch.float64)
    wanted = torch.randn(4, 7, 12 if bidirectional else 6, dtype=torch.float64)
    found = []
    for model in pair(cell, **settings):
        read = inputs.clone().requires_grad_()
        torch.manual_seed(3)
        outputs, _ = model.double()(read, lengths)
        outputs.backward(wanted)
        found.append([outputs, read.grad, *(parameter.grad for parameter in model.parameters())])
    assert len(reads) == 1
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_inputs_with_gaps_are_read(cell: str) -> None:
    fused, torchs = pair(cell)
    inputs = torch.randn(3, 14, 8).transpose(0, 2)[2:6, ::2]  # (4, 7, 3)
    lengths = torch.stack((LENGTHS, LENGTHS), 1)[:, 0]
    for read in (inputs, inputs[:, :, :1].expand(4, 7, 3)):
        torch.testing.assert_close(fused(read, lengths)[0], torchs(read, lengths)[0], rtol=0, atol=5e-7)


@pytest.mark.parametrize("cell", CELLS)
def test_evaluation_gives_the_bits_of_training(cell: str, reads: list[int]) -> None:
    fused, _ = pair(cell, num_layers=2)
    inputs = torch.randn(4, 7, 3)
    with torch.no_grad():
        evaluated, _ = fused(inputs, LENGTHS)
    assert not evaluated.requires_grad
    assert torch.equal(evaluated, fused(inputs, LENGTHS)[0])
    assert len(reads) == 2


@pytest.mark.parametrize("cell", CELLS)
def test_mixed_precision_leaves_recurrent_layers_in_32_bits_on_a_cpu(cell: str, reads: list[int]) -> None:
    fused, torchs = pair(cell)
    inputs = torch.randn(4, 7, 3)
    expected = [model(inputs, LENGTHS)[0] for model in (fused, torchs)]
    with torch.autocast("cpu", torch.bfloat16):
        found = [model(inputs, LENGTHS)[0] for model in (fused, torchs)]
        rounded, _ = fused(inputs.bfloat16(), LENGTHS)
    assert all(map(torch.equal, found, expected))
    assert torch.equal(rounded, fused(inputs.bfloat16().float(), LENGTHS)[0])
    assert len(reads) == 4


@pytest.mark.parametrize("cell", CELLS)
def test_other_precisions_and_listeners_get_the_layer_of_torch(cell: str, reads: list[int]) -> None:
    fused, _ = pair(cell)
    inputs = torch.randn(4, 7, 3)
    heard: list[tuple[int, ...]] = []
    handle = fused.layers.register_forward_hook(lambda _, __, answer: heard.append(tuple(answer[0].shape)))
    fused(inputs, LENGTHS)
    handle.remove()
    assert heard == [(4, 7, 6)]
    half = copy.deepcopy(fused).to(torch.bfloat16)
    assert half(inputs.bfloat16(), LENGTHS)[0].dtype == torch.bfloat16
    assert not reads
    fused(inputs, LENGTHS)
    assert len(reads) == 1


@pytest.mark.parametrize(
    ("cell", "hidden", "batch", "steps", "expected"),
    [
        ("rnn_tanh", 32, 32, 50, True),
        ("rnn_tanh", 256, 32, 50, True),
        ("rnn_tanh", 512, 1, 16, True),
        ("rnn_tanh", 520, 32, 50, False),
        ("rnn_tanh", 512, 32, 15, False),
        ("lstm", 192, 32, 50, True),
        ("lstm", 200, 32, 50, False),
        ("lstm", 64, 1, 50, True),
        ("lstm", 72, 3, 50, False),
    ],
)
def test_auto_takes_what_measures_faster(
    cell: str, hidden: int, batch: int, steps: int, expected: bool, reads: list[int]
) -> None:
    model = Recurrent(1, cell=cell, hidden=hidden, weights="uniform")  # type: ignore[arg-type]
    with torch.no_grad():
        model(torch.zeros(batch, steps, 1), torch.full((batch,), steps))
    assert bool(reads) == expected


@pytest.mark.parametrize(("cell", "hidden", "expected"), [("lstm", 48, True), ("lstm", 49, False), ("gru", 256, True)])
def test_auto_knows_that_torch_gains_from_a_second_thread(
    cell: str, hidden: int, expected: bool, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    model = Recurrent(1, cell=cell, hidden=hidden, weights="uniform")  # type: ignore[arg-type]
    with torch.no_grad():
        model(torch.zeros(4, 50, 1), torch.full((4,), 50))
    assert bool(reads) == expected


def test_a_step_agrees_with_the_whole() -> None:
    for cell in CELLS:
        fused, _ = pair(cell, num_layers=2)
        inputs = torch.randn(2, 60, 3)
        with torch.no_grad():
            whole, _ = fused(inputs, torch.tensor([60, 60]))
            state = None
            for place in range(60):
                output, state = fused.step(inputs[:, place], state)
                torch.testing.assert_close(output, whole[:, place], rtol=0, atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_the_state_that_is_left_is_the_same(cell: str, reads: list[int]) -> None:
    fused, torchs = pair(cell, num_layers=2)
    inputs = torch.randn(4, 7, 3)
    state = torch.rand(4, 2 if cell == "lstm" else 1, 2, 6)
    for ours, theirs in zip(fused.read_on(inputs, LENGTHS, state), torchs.read_on(inputs, LENGTHS, state), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=5e-7)
    assert len(reads) == 1
