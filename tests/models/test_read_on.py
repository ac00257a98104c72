"""A recurrent model that reads on in pieces answers as if it read the whole, whatever computes it."""

import pytest
import torch
from torch import Tensor

from seqtrain.errors import WrongInput
from seqtrain.models.recurrent import Recurrent

CELLS = ["rnn_tanh", "rnn_relu", "gru", "lstm"]
KERNELS = [(cell, kernel) for cell in CELLS for kernel in ("torch", "fused")]
LENGTHS = torch.tensor([11, 4, 7, 9])
PIECES = [(0, 4), (4, 5), (5, 11)]

pytestmark = pytest.mark.usefixtures("compiled")


def made(cell: str, kernel: str = "auto", **settings: object) -> Recurrent:
    torch.manual_seed(0)
    model = Recurrent(3, cell=cell, kernel=kernel, hidden=5, num_layers=2, **settings).double()  # type: ignore[arg-type]
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return model


@pytest.mark.parametrize("initial_state", ["zero", "learned"])
@pytest.mark.parametrize(("cell", "kernel"), KERNELS)
def test_pieces_answer_as_the_whole_and_hand_on_the_state_of_the_last_valid_step(
    cell: str, kernel: str, initial_state: str
) -> None:
    model = made(cell, kernel, initial_state=initial_state)
    inputs = torch.randn(4, 11, 3, dtype=torch.float64)
    whole, _ = model(inputs, LENGTHS)
    state, outputs = model.first_state(inputs), []
    for start, end in PIECES:
        here = (LENGTHS - start).clamp(1, end - start)  # what has ended reads on, and its answers are not looked at
        piece, state = model.read_on(inputs[:, start:end], here, state)
        assert state.shape == (4, 2 if cell == "lstm" else 1, 2, 5)
        outputs.append(piece)
    read = torch.cat(outputs, 1)
    for row, length in enumerate(LENGTHS.tolist()):
        torch.testing.assert_close(read[row, :length], whole[row, :length], rtol=0, atol=1e-12)


@pytest.mark.parametrize(("cell", "kernel"), KERNELS)
def test_padding_changes_neither_answer_nor_state(cell: str, kernel: str) -> None:
    model = made(cell, kernel)
    inputs = torch.randn(4, 11, 3, dtype=torch.float64)
    together, states = model.read_on(inputs, LENGTHS, model.first_state(inputs))
    for row, length in enumerate(LENGTHS.tolist()):
        own = inputs[row : row + 1, :length]
        alone, state = model.read_on(own, LENGTHS[row : row + 1], model.first_state(own))
        torch.testing.assert_close(together[row, :length], alone[0], rtol=0, atol=1e-12)
        torch.testing.assert_close(states[row], state[0], rtol=0, atol=1e-12)
        assert not together[row, length:].any()


@pytest.mark.parametrize("lengths", [LENGTHS, torch.full((4,), 11)])
@pytest.mark.parametrize("cell", CELLS)
def test_compiled_loops_and_torch_agree_in_answers_states_and_gradients(cell: str, lengths: Tensor) -> None:
    inputs, wanted = torch.randn(4, 11, 3, dtype=torch.float64), torch.randn(4, 11, 5, dtype=torch.float64)
    start, later = torch.randn(2, 4, 2 if cell == "lstm" else 1, 2, 5, dtype=torch.float64)
    found = []
    for kernel in ("fused", "torch"):
        model = made(cell, kernel)
        begun = start.clone().requires_grad_()
        outputs, state = model.read_on(inputs, lengths, begun)
        ((outputs * wanted).sum() + (state * later).sum()).backward()
        found.append([outputs, state, begun.grad, *(parameter.grad for parameter in model.parameters())])
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_a_first_state_is_what_forward_starts_from(cell: str) -> None:
    inputs, lengths = torch.randn(4, 11, 3, dtype=torch.float64), torch.full((4,), 11)
    for initial_state in ("zero", "learned", "random"):
        model = made(cell, initial_state=initial_state)
        torch.manual_seed(1)
        expected, _ = model(inputs, lengths)
        torch.manual_seed(1)
        outputs, _ = model.read_on(inputs, lengths, model.first_state(inputs))
        torch.testing.assert_close(outputs, expected, rtol=0, atol=1e-12)
    assert not model.eval().first_state(inputs).any()


def test_layers_that_read_backwards_cannot_read_on() -> None:
    model = made("gru", bidirectional=True)
    inputs = torch.zeros(1, 2, 3, dtype=torch.float64)
    with pytest.raises(WrongInput, match=r"train with model\.bidirectional=false"):
        model.read_on(inputs, torch.tensor([2]), model.first_state(inputs))
