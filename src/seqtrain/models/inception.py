"""Convolutions of several sizes side by side, module upon module."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqtrain.batch import none_padded, valid_steps, zero_padding
from seqtrain.errors import WrongInput
from seqtrain.models.conv import ConvLayer
from seqtrain.models.layout import Conv1d, image, pad, row
from seqtrain.models.norm import MaskedBatchNorm
from seqtrain.models.residual import Shortcut
from seqtrain.models.windows import Window
from seqtrain.ranges import Count

_RESIDUAL = 3  # modules that a shortcut goes around


class Inception(nn.Module):
    """InceptionTime (Ismail Fawaz et al. 2020): networks that differ in their first weights alone, side by side.

    Each has a head of its own, and their probabilities are averaged (equation 2); the paper has five of them.

    Shapes: inputs (B, T, F), lengths (B,) -> outputs (B, T, ensemble C), the same lengths, C = filters (kernels + 1).

    Args:
        depth: modules of a network, one upon the other.
        filters: features of each of a module's convolutions.
        bottleneck: features to which a module brings its input first; a single feature stays as it is.
        kernel_size: steps that a kernel sees, of each of a module's convolutions.
        ensemble: networks, trained at once as they would be alone.

    Raises:
        WrongInput: a module has no convolution.
    """

    read: Literal["mean", "max", "last", "flatten"] = "mean"

    def __init__(
        self,
        in_features: int,
        *,
        depth: Count = 6,
        filters: Count = 32,
        bottleneck: Count = 32,
        kernel_size: list[Count] = [40, 20, 10],  # noqa: B006 (only read)
        ensemble: Count = 1,
    ) -> None:
        super().__init__()
        if not kernel_size:
            raise WrongInput("kernel_size is []: name the steps of at least one convolution, as in [40, 20, 10]")
        self.members = nn.ModuleList(
            InceptionNetwork(in_features, depth, filters, bottleneck, kernel_size) for _ in range(ensemble)
        )
        self.out_features = ensemble * filters * (len(kernel_size) + 1)

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        return torch.cat([member(inputs, lengths)[0] for member in self.members], 2), lengths


class InceptionNetwork(nn.Module):
    """Modules with a shortcut around every three (figure 1); those left over have none, as in the authors' code.

    Shapes: inputs (B, T, F), lengths (B,) -> outputs (B, T, C), the same lengths.
    """

    read: Literal["mean", "max", "last", "flatten"] = "mean"

    def __init__(self, in_features: int, depth: int, filters: int, bottleneck: int, kernel_size: list[int]) -> None:
        super().__init__()
        self.out_features = filters * (len(kernel_size) + 1)
        widths = [in_features] + [self.out_features] * (depth - 1)  # before each module
        self.inception = nn.ModuleList(InceptionModule(width, filters, bottleneck, kernel_size) for width in widths)
        self.shortcuts = nn.ModuleList(
            Shortcut(width, self.out_features, project=True, bias=False)
            for width in widths[: depth // _RESIDUAL * _RESIDUAL : _RESIDUAL]
        )

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        steps = into = zero_padding(inputs, lengths).transpose(1, 2)  # (B, F, T)
        for place, module in enumerate(self.inception, 1):
            steps = module(steps, lengths)  # (B, C, T)
            if place % _RESIDUAL == 0:
                into = steps = self.shortcuts[place // _RESIDUAL - 1](into, steps, lengths)
        return steps.transpose(1, 2), lengths


class InceptionModule(nn.Module):
    """Convolutions of a narrowed input, and one of its running maximum, side by side (figure 2).

    Shapes: steps (B, C, T) with zeros for padding, lengths (B,) -> (B, filters (kernels + 1), T) with zeros.
    """

    def __init__(self, before: int, filters: int, bottleneck: int, kernel_size: list[int]) -> None:
        super().__init__()
        narrow = bottleneck if before > 1 else 1
        self.bottleneck = Conv1d(before, bottleneck, 1, bias=False) if before > 1 else nn.Identity()
        self.convs = nn.ModuleList(
            ConvLayer(
                narrow, filters, Window(size, 1, padding="same", dilation=1), bias=False, norm="none", activation="none"
            )
            for size in kernel_size
        )
        self.of_maximum = Conv1d(before, filters, 1, bias=False)
        self.norm = MaskedBatchNorm(filters * (len(kernel_size) + 1))

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        narrow = self.bottleneck(steps)
        sides = [conv(narrow, lengths)[0] for conv in self.convs]
        sides.append(self.of_maximum(zero_padding(_highest_of_three(steps, lengths), lengths, time=2)))
        normed = self.norm(row(torch.cat([image(side) for side in sides], 1)), lengths)
        return zero_padding(functional.relu(normed), lengths, time=2)


def _highest_of_three(steps: Tensor, lengths: Tensor) -> Tensor:
    """(B, C, T): the largest of each step and those beside it; torch's max_pool1d takes ten times as long on a CPU."""
    if not none_padded(lengths, steps.shape[2]):
        steps = torch.where(valid_steps(lengths, steps.shape[2])[:, None], steps, -torch.inf)
    padded = pad(steps, 1, 1, value=-torch.inf)
    return torch.maximum(torch.maximum(padded[:, :, :-2], padded[:, :, 2:]), steps)
