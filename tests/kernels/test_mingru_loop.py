"""The compiled loop of minGRU says what the scan says: every processor's, both precisions, any lengths."""

import pytest
import torch

from seqtrain.errors import WrongInput
from seqtrain.kernels import library
from seqtrain.kernels.compiler import LIBRARY
from seqtrain.kernels.library import Loops
from seqtrain.kernels.mingru import MinGru, mingru
from seqtrain.models.mingru import MinGRU, all_states

TOLERANCE = {torch.float32: 2e-6, torch.float64: 1e-13}


@pytest.mark.parametrize("processor", [1, 2, 3], ids=["any", "avx2", "avx512"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [(4, 50, 32), (1, 1, 1), (3, 700, 5), (2, 3, 100)])  # B, T, H
def test_outputs_and_gradients_are_those_of_the_scan(
    compiled: Loops, size: tuple[int, int, int], dtype: torch.dtype, processor: int
) -> None:
    batch, steps, hidden = size
    torch.manual_seed(0)
    gated = (3 * torch.randn(batch, steps, 2 * hidden, dtype=dtype)).requires_grad_()
    start = torch.rand(batch, hidden, dtype=dtype, requires_grad=True)
    wanted = torch.randn(batch, steps, hidden, dtype=dtype)
    expected = all_states(gated.double(), start.double())
    found = MinGru.apply(Loops(LIBRARY, processor=processor), gated, torch.full((batch,), steps), start)
    close = TOLERANCE[dtype]
    torch.testing.assert_close(found.double(), expected, rtol=close, atol=close)
    ours = torch.autograd.grad(found, (gated, start), wanted)
    theirs = torch.autograd.grad(expected, (gated, start), wanted.double())
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=close, atol=close * float(other.abs().max()))


def test_gradients_are_the_slopes(compiled: Loops) -> None:
    torch.manual_seed(1)
    gated = torch.randn(4, 5, 6, dtype=torch.float64, requires_grad=True)
    start = torch.rand(4, 3, dtype=torch.float64, requires_grad=True)
    lengths = torch.tensor([2, 5, 0, 1])
    assert torch.autograd.gradcheck(lambda *given: MinGru.apply(compiled, given[0], lengths, given[1]), (gated, start))


def test_a_sequence_gives_the_same_bits_in_any_company_and_padding_is_not_looked_at(compiled: Loops) -> None:
    torch.manual_seed(2)
    lengths = torch.tensor([4, 9, 1, 0])
    gated = torch.randn(4, 9, 40)
    gated[torch.arange(9) >= lengths[:, None]] = float("nan")
    gated.requires_grad_()
    together = MinGru.apply(compiled, gated, lengths, None)
    for row, length in enumerate(lengths.tolist()):
        alone = mingru(compiled, gated[row : row + 1, :length].contiguous(), lengths[row : row + 1], None)
        assert torch.equal(together[row, :length], alone[0])
        assert not together[row, length:].any()
    together.square().sum().backward()
    assert gated.grad is not None
    assert gated.grad.isfinite().all()
    assert not gated.grad[torch.arange(9) >= lengths[:, None]].any()


def test_nan_stays_nan_and_shut_gates_keep_their_digits(compiled: Loops) -> None:
    gated = torch.tensor([[[float("nan"), 1.0]], [[1.0, float("nan")]], [[30.0, -30.0]], [[-30.0, 30.0]]])
    found = mingru(compiled, gated, torch.ones(4, dtype=torch.int64), torch.full((4, 1), 2.0))[:, 0, 0]
    exact = torch.tensor([2 * torch.tensor(-30.0).double().sigmoid() + torch.tensor(-30.0).double().sigmoid()])
    assert found[:2].isnan().all()
    torch.testing.assert_close(found[2:3].double(), exact, rtol=1e-6, atol=0)  # 3e-13, and not 0
    assert found[3] == 2


def test_the_setting_says_what_computes(compiled: Loops, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {kernel: MinGRU(3, hidden=8, kernel=kernel) for kernel in ("auto", "torch", "fused")}  # type: ignore[arg-type]
    for model in made.values():
        model.load_state_dict(made["auto"].state_dict())
    inputs, lengths = torch.randn(2, 6, 3), torch.tensor([6, 6])
    found = {kernel: model(inputs, lengths)[0] for kernel, model in made.items()}
    assert [type(found[kernel].grad_fn).__name__ for kernel in made] == [
        "MinGruBackward",
        "CatBackward0",
        "MinGruBackward",
    ]
    assert torch.equal(found["auto"], found["fused"])
    torch.testing.assert_close(found["auto"], found["torch"], rtol=2e-6, atol=2e-6)
    monkeypatch.setattr(library, "loops", lambda: None)
    with pytest.raises(WrongInput, match=r"model.kernel is fused but its compiled loops are not there"):
        MinGRU(3, kernel="fused")
