"""Steps (B, C, T) whose channels lie side by side, step by step, as a CPU convolves and normalises them fastest.

torch knows this layout of images alone, as "channels last". So on a CPU steps are seen as images of one row where it
counts; torch's one-dimensional layers would copy them channel by channel first. docs/performance.md has the times.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


def image(steps: Tensor) -> Tensor:
    """(B, C, T) -> the same numbers as (B, C, 1, T) on a CPU; as they are on a GPU, and for an export."""
    plain = steps.device.type != "cpu" or torch.onnx.is_in_onnx_export()
    return steps if plain else steps[:, :, None]


def row(seen: Tensor) -> Tensor:
    """Back again: (B, C, 1, T) or (B, C, T) -> (B, C, T)."""
    return seen.squeeze(2) if seen.dim() == 4 else seen


def pad(steps: Tensor, before: int, after: int, *, value: float = 0.0) -> Tensor:
    """(B, C, T) -> (B, C, before + T + after), lying as it did."""
    return row(functional.pad(image(steps), (before, after), value=value))


def convolve(
    steps: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Tensor:
    """`functional.conv1d` of steps (B, C, T) as they lie -> (B, C', T')."""
    seen = image(steps)
    if seen.dim() == 3 or groups > 1 or steps.shape[1] == 1:  # channels that are read alone are quicker by themselves
        return _laid_out(functional.conv1d(steps, weight, bias, stride, padding, dilation, groups))
    return row(functional.conv2d(seen, weight[:, :, None], bias, (1, stride), (0, padding), (1, dilation)))


class Conv1d(nn.Conv1d):
    """torch's own, with its parameters and numbers, of steps as they lie: (B, C, T) -> (B, C', T')."""

    def forward(self, steps: Tensor) -> Tensor:
        if self.padding_mode != "zeros" or isinstance(self.padding, str):
            return _laid_out(super().forward(steps))
        (stride,), (padding,), (dilation,) = self.stride, self.padding, self.dilation
        return convolve(
            steps, self.weight, self.bias, stride=stride, padding=padding, dilation=dilation, groups=self.groups
        )


def _laid_out(steps: Tensor) -> Tensor:
    """The same as the rest lies."""
    seen = image(steps)
    return steps if seen.dim() == 3 else row(seen.contiguous(memory_format=torch.channels_last))
