"""Causal convolutions whose kernels look further apart from block to block."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqtrain.batch import zero_padding
from seqtrain.errors import WrongInput
from seqtrain.models.layout import Conv1d, convolve, pad
from seqtrain.ranges import Count, Fraction

Past = list[Tensor]  # of each convolution, (B, C, steps before this one)


class Tcn(nn.Module):
    """The temporal convolutional network of Bai et al. (2018), figure 1.

    Block i = 0, 1, … has two convolutions that look 2^i steps apart, each with weight norm, relu and dropout of whole
    channels (section 3.4), and its input is added before a last relu. No step sees a later one: padding, which comes
    last, is seen by none. A step sees 1 + 2 (kernel_size - 1) (2^blocks - 1) steps, itself included.

    Shapes: inputs (B, T, F), lengths (B,) -> outputs (B, T, C), the same lengths, where C is the last of `channels`.

    Args:
        channels: features after each block.
        kernel_size: steps that a kernel sees.
        dropout: probability of zeroing a channel after each convolution, in training.

    Raises:
        WrongInput: there is no block.
    """

    read: Literal["mean", "max", "last", "flatten"] = "last"  # which has seen the others

    def __init__(
        self,
        in_features: int,
        *,
        channels: list[Count] = [32, 32, 32, 32, 32, 32],  # noqa: B006 (only read)
        kernel_size: Count = 7,
        dropout: Fraction = 0.05,
    ) -> None:
        super().__init__()
        if not channels:
            raise WrongInput("channels is []: name the features of at least one block, as in [32, 32]")
        self.blocks = nn.ModuleList(
            CausalBlock(before, after, kernel_size, dilation=2**place, dropout=dropout)
            for place, (before, after) in enumerate(zip([in_features, *channels[:-1]], channels, strict=True))
        )
        self.out_features = channels[-1]
        self.field = 1 + 2 * (kernel_size - 1) * (2 ** len(channels) - 1)  # steps

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        steps = inputs.transpose(1, 2)  # (B, F, T)
        for block in self.blocks:
            steps, _ = block(steps, None)
        return zero_padding(steps.transpose(1, 2), lengths), lengths

    def step(self, inputs: Tensor, state: list[Past] | None = None) -> tuple[Tensor, list[Past]]:
        """One time step (B, F) and what went before, None at the start -> outputs (B, C) and what is to be kept."""
        steps, pasts = inputs[:, :, None], []  # (B, F, 1)
        for place, block in enumerate(self.blocks):
            steps, past = block(steps, None if state is None else state[place])
            pasts.append(past)
        return steps[:, :, 0], pasts


class CausalBlock(nn.Module):
    """Two causal convolutions and a shortcut: steps (B, C, T) -> (B, C', T), and what the next steps will see."""

    def __init__(self, before: int, after: int, kernel_size: int, *, dilation: int, dropout: float) -> None:
        super().__init__()
        self.first = CausalConv(before, after, kernel_size, dilation=dilation)
        self.second = CausalConv(after, after, kernel_size, dilation=dilation)
        self.dropout = nn.Dropout1d(dropout)
        self.shortcut = Conv1d(before, after, 1) if before != after else nn.Identity()

    def forward(self, steps: Tensor, past: Past | None) -> tuple[Tensor, Past]:
        inner, kept = self.first(steps, None if past is None else past[0])
        inner = self.dropout(functional.relu(inner))
        outer, kept_too = self.second(inner, None if past is None else past[1])
        outer = self.dropout(functional.relu(outer))
        return functional.relu(outer + self.shortcut(steps)), [kept, kept_too]


class CausalConv(nn.Module):
    """A convolution of the steps so far, its weight written as length and direction (Salimans and Kingma 2016).

    Shapes: steps (B, C, T), past (B, C, P) or None for zeros -> (B, C', T), the last P steps; P = dilation (k - 1).
    """

    def __init__(self, before: int, after: int, kernel_size: int, *, dilation: int) -> None:
        super().__init__()
        self.direction = nn.Parameter(nn.Conv1d(before, after, kernel_size).weight.detach())  # torch's first weights
        self.length = nn.Parameter(self.direction.detach().norm(dim=(1, 2), keepdim=True))  # (C', 1, 1)
        self.bias = nn.Parameter(torch.zeros(after))
        self.dilation = dilation
        self.past = dilation * (kernel_size - 1)

    def forward(self, steps: Tensor, past: Tensor | None) -> tuple[Tensor, Tensor]:
        seen = pad(steps, self.past, 0) if past is None else torch.cat((past, steps), 2)
        weight = self.direction * (self.length / self.direction.norm(dim=(1, 2), keepdim=True))
        return convolve(seen, weight, self.bias, dilation=self.dilation), seen[:, :, steps.shape[2] :]
