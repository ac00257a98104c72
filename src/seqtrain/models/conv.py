"""A stack of one-dimensional convolutions that padding cannot reach."""

from typing import Literal

import torch
from torch import Tensor, nn

from seqtrain.batch import zero_padding
from seqtrain.errors import WrongInput
from seqtrain.models.layout import Conv1d, pad
from seqtrain.models.norm import ChannelNorm, MaskedBatchNorm
from seqtrain.models.windows import (
    Padding,
    PaddingMode,
    Window,
    check_field,
    check_groups,
    check_keeps_length,
    check_padding_mode,
    check_windows,
    conv_length,
    lengths_after,
    per_layer,
    receptive_field,
)
from seqtrain.ranges import Count, Fraction

Norm = Literal["none", "batch", "layer"]
Activation = Literal["none", "relu", "leaky_relu", "elu", "gelu", "silu", "tanh"]


class ConvStack(nn.Module):
    """Convolutions over time, each followed by its norm, activation and dropout (LeCun et al. 1989; 1-D).

    Padding is zeroed before every layer, so that a step near the end of a sequence sees what it would
    see alone. A sequence shorter than the receptive field is filled with zeros and leaves one step.

    Shapes: inputs (B, T, F), lengths (B,) -> outputs (B, T', C), lengths (B,), where C is the last of
    `channels` and every layer turns L steps into floor((L + 2p - d(k - 1) - 1) / s) + 1, at least 1.

    Args:
        channels: features after each layer; one number for a single layer.
        kernel_size: steps that a kernel sees; one value, or one for each layer.
        stride: steps that a kernel moves at a time; one value, or one for each layer.
        padding: zeros added on either side in steps, or "same" (keeps the length), or "valid" (none); one
            value, or one for each layer.
        dilation: steps between those that a kernel sees; one value, or one for each layer.
        groups: blocks of channels that do not mix; one value, or one for each layer.
        bias: whether a convolution adds a bias.
        padding_mode: what is added on either side: zeros, or steps of the sequence (lengths must be equal).
        norm: none, batch (over valid steps of the batch), or layer (over the channels of a step).
        activation: none, relu, leaky_relu, elu, gelu, silu or tanh.
        dropout: probability of zeroing a value after each layer, in training.
        per_step: the data predicts at every step, so no layer may change the length.
        shortest: steps of the data's shortest sequence.
        longest: steps of the data's longest sequence.

    Raises:
        WrongInput: lists of the wrong length, groups that do not divide the channels, "same" with a stride,
            kernels longer than the longest sequence, a `padding_mode` that the lengths rule out, or layers
            that change the length where the data predicts at every step.
    """

    read: Literal["mean", "max", "last", "flatten"] = "mean"

    def __init__(
        self,
        in_features: int,
        *,
        channels: Count | list[Count] = [64, 128, 128],  # noqa: B006 (only read)
        kernel_size: Count | list[Count] = 5,
        stride: Count | list[Count] = 1,
        padding: Padding | list[Padding] = "same",
        dilation: Count | list[Count] = 1,
        groups: Count | list[Count] = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        norm: Norm = "batch",
        activation: Activation = "relu",
        dropout: Fraction = 0.1,
        per_step: bool = False,
        shortest: int | None = None,
        longest: int | None = None,
    ) -> None:
        super().__init__()
        widths = channels if isinstance(channels, list) else [channels]
        if not widths:
            raise WrongInput("channels is []: name the features of at least one layer, as in [64, 128]")
        windows = [
            Window(*sizes)
            for sizes in zip(
                per_layer("kernel_size", kernel_size, len(widths)),
                per_layer("stride", stride, len(widths)),
                per_layer("padding", padding, len(widths)),
                per_layer("dilation", dilation, len(widths)),
                strict=True,
            )
        ]
        blocks = per_layer("groups", groups, len(widths))
        check_windows(windows)
        check_groups(blocks, [in_features, *widths])
        if per_step:
            check_keeps_length(windows)
        if longest is not None:
            pad_more = "set model.padding=same" if {w.stride for w in windows} == {1} else "raise model.padding"
            check_field(kernel_size, windows, longest, or_else=f" or {pad_more}")
        check_padding_mode(padding_mode, windows, shortest, longest)

        self.windows = windows
        self.field = receptive_field(windows)  # steps
        self.out_features = widths[-1]
        self.layers = nn.ModuleList(
            ConvLayer(
                before,
                after,
                window,
                groups=count,
                bias=bias,
                padding_mode=padding_mode,
                norm=norm,
                activation=activation,
                dropout=dropout,
            )
            for before, after, window, count in zip([in_features, *widths[:-1]], widths, windows, blocks, strict=True)
        )

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        steps = zero_padding(inputs, lengths).transpose(1, 2)  # (B, F, T)
        steps = steps.contiguous() if steps.is_cuda else steps  # else copied for the forward and the backward pass
        count = steps.shape[2]
        if torch.onnx.is_in_onnx_export() or count < self.field:  # an export serves both
            steps = pad(steps, 0, (self.field - count) * (count < self.field))
        for layer in self.layers:
            steps, lengths = layer(steps, lengths)
        return steps.transpose(1, 2), lengths  # (B, T', C)

    def lengths_after(self, length: int) -> list[int]:
        """Steps after each layer of a sequence of `length` steps."""
        return lengths_after(length, self.windows)


class ConvLayer(nn.Module):
    """One convolution with its norm, activation and dropout.

    Shapes: steps (B, C, T) with zeros for padding, lengths (B,) -> (B, C', T') with zeros, lengths (B,).
    """

    def __init__(
        self,
        before: int,
        after: int,
        window: Window,
        *,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        norm: Norm = "batch",
        activation: Activation = "relu",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        left, right = window.sides
        self.window = window
        self.one_more = right - left if padding_mode == "zeros" else 0  # which torch pads too, with a warning
        self.conv = Conv1d(
            before,
            after,
            window.kernel_size,
            stride=window.stride,
            padding=left if padding_mode == "zeros" else window.padding,
            dilation=window.dilation,
            groups=groups,
            bias=bias,
            padding_mode=padding_mode,
        )
        self.norm = _NORMS[norm](after) if norm != "none" else None
        self.activation = _ACTIVATIONS[activation]()
        self.dropout = nn.Dropout(dropout)

    def forward(self, steps: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        if self.one_more:
            steps = pad(steps, 0, 1)
        steps = self.conv(steps)  # (B, C', T')
        lengths = conv_length(lengths, *self.window).clamp(min=1)
        if self.norm is not None:
            steps = self.norm(steps, lengths)
        return zero_padding(self.dropout(self.activation(steps)), lengths, time=2), lengths


_NORMS = {"batch": MaskedBatchNorm, "layer": ChannelNorm}
_ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "none": nn.Identity,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}
