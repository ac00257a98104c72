"""Layers that read steps as they lie in memory say what torch's own say, and leave them lying so."""

from typing import Any

import pytest
import torch
from layouts import LAYOUTS
from torch import Tensor, nn

from seqtrain.models.conv import ConvStack
from seqtrain.models.inception import Inception
from seqtrain.models.layout import Conv1d, convolve
from seqtrain.models.resnet1d import ResNet1d
from seqtrain.models.tcn import Tcn


def channels_side_by_side(steps: Tensor) -> bool:
    return steps.transpose(1, 2).is_contiguous()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("sequences", [1, 3])
@pytest.mark.parametrize("of_gradient", LAYOUTS)
@pytest.mark.parametrize("of_steps", LAYOUTS)
@pytest.mark.parametrize(
    "sizes",
    [
        {"in_channels": 6, "kernel_size": 5, "padding": 2},
        {"in_channels": 6, "kernel_size": 4, "stride": 3, "padding": 1, "dilation": 2, "bias": False},
        {"in_channels": 1, "kernel_size": 3},
        {"in_channels": 6, "kernel_size": 3, "groups": 3},
        {"in_channels": 6, "kernel_size": 3, "padding": "same"},
        {"in_channels": 6, "kernel_size": 3, "padding": 1, "padding_mode": "circular"},
    ],
    ids=str,
)
def test_numbers_and_gradients_are_those_of_torch(
    sizes: dict[str, Any], of_steps: str, of_gradient: str, sequences: int, dtype: torch.dtype
) -> None:
    torch.manual_seed(0)
    torchs = nn.Conv1d(out_channels=9, **sizes).to(dtype)
    ours = Conv1d(out_channels=9, **sizes).to(dtype)
    ours.load_state_dict(torchs.state_dict())
    steps = LAYOUTS[of_steps](torch.randn(sequences, sizes["in_channels"], 20, dtype=dtype))
    mine, theirs = steps.detach().requires_grad_(), steps.detach().contiguous().requires_grad_()
    found, expected = ours(mine), torchs(theirs)
    torch.testing.assert_close(found, expected)
    gradient = LAYOUTS[of_gradient](torch.randn(expected.shape, dtype=dtype))
    found.backward(gradient)
    expected.backward(gradient)
    torch.testing.assert_close(mine.grad, theirs.grad)
    for one, other in zip(ours.parameters(), torchs.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, atol=1e-4, rtol=1e-4)


def test_what_is_made_of_one_channel_lies_as_the_rest() -> None:
    made = convolve(torch.randn(3, 1, 20), torch.randn(8, 1, 3), None)
    assert channels_side_by_side(made)


@pytest.mark.parametrize("features", [1, 3])
@pytest.mark.parametrize("lengths", [[20, 20, 20], [20, 11, 3]], ids=str)
@pytest.mark.parametrize(
    "model",
    [
        lambda features: ConvStack(features, channels=[4, 8, 6], kernel_size=[4, 3, 1]),
        lambda features: ConvStack(features, channels=[features * 2, 4], groups=[features, 2], norm="layer"),
        lambda features: ConvStack(features, channels=[4, 8], padding_mode="reflect", norm="none"),
        lambda features: Inception(features, depth=3, filters=4, bottleneck=4, kernel_size=[8, 3]),
        lambda features: ResNet1d(features, channels=[4, 8], kernel_size=[4, 3]),
        lambda features: Tcn(features, channels=[4, 8]),
    ],
    ids=["conv1d", "groups", "reflect", "inception", "resnet1d", "tcn"],
)
def test_no_layer_lays_steps_out_anew(model: Any, lengths: list[int], features: int) -> None:
    """A copy, and every layer after it slower, is what a careless operation would cost."""
    network = model(features)
    seen: dict[str, Tensor] = {}
    for name, layer in network.named_modules():
        layer.register_forward_hook(
            lambda _, __, out, name=name: seen.update({name: out[0] if isinstance(out, tuple) else out})
        )
    network(torch.randn(3, 20, features), torch.tensor(lengths))
    assert len(seen) > 5
    rows = {name: out if out.shape[1] == 20 else out.transpose(1, 2) for name, out in seen.items()}  # (B, T, C)
    assert [name for name, out in rows.items() if not out.is_contiguous()] == []
