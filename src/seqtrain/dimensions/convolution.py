"""The length that a convolution leaves, as the sum that gives it."""

from torch import nn

from seqtrain.dimensions.layer import Facts, Shape, own_tensors
from seqtrain.models.conv import ConvLayer


def convolution(conv: nn.Conv1d, owner: nn.Module | None, entered: Shape) -> Facts:
    """What a one-dimensional convolution does to (B, C, T).

    Args:
        owner: the module that holds it; a ConvLayer pads by itself where "same" is lopsided.
        entered: the shape that was handed over, before any padding.
    """
    left, right, padding = _sides(conv, owner)
    notes = [f"T' = {length_sum(entered[-1], left, right, conv)}"]
    if padding == "same":
        notes.append(f"padding=same: {_same_in_words(left, right)}, so that T' = T")
    if conv.padding_mode != "zeros" and left + right:
        notes.append(f"padding_mode={conv.padding_mode}: copies steps of the sequence")
    weight = "(C', C, kernel_size)" if conv.groups == 1 else f"(C', C/groups, kernel_size) with {conv.groups} groups"
    return Facts("(B, C, T) -> (B, C', T')", tuple(notes), own_tensors(conv, {"weight": weight, "bias": "(C')"}))


def length_sum(length: int, left: int, right: int, conv: nn.Conv1d) -> str:
    """floor((129 + 2*2 - 1*(4-1) - 1)/1) + 1 = 130: the formula of `nn.Conv1d` with its numbers."""
    (kernel_size,), (stride,), (dilation,) = conv.kernel_size, conv.stride, conv.dilation
    padding = f"2*{left}" if left == right else f"{left} + {right}"
    after = (length + left + right - dilation * (kernel_size - 1) - 1) // stride + 1
    return f"floor(({length} + {padding} - {dilation}*({kernel_size}-1) - 1)/{stride}) + 1 = {after}"


def added_by(owner: nn.Module | None) -> int:
    """Steps that a ConvLayer adds before it calls its convolution."""
    return owner.one_more if isinstance(owner, ConvLayer) else 0


def _sides(conv: nn.Conv1d, owner: nn.Module | None) -> tuple[int, int, object]:
    """Steps padded before and after, and the setting that says so."""
    if isinstance(owner, ConvLayer):
        return *owner.window.sides, owner.window.padding
    if conv.padding == "same":
        total = conv.dilation[0] * (conv.kernel_size[0] - 1)
        return total // 2, total - total // 2, "same"
    size = 0 if isinstance(conv.padding, str) else conv.padding[0]
    return size, size, conv.padding


def _same_in_words(left: int, right: int) -> str:
    if left == right:
        return f"{_steps(left)} of zeros on either side"
    return f"{_steps(left)} of zeros before and {right} after"


def _steps(count: int) -> str:
    return f"{count} step" if count == 1 else f"{count} steps"
