"""Convolutions of several sizes side by side, module upon module."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqtrain.batch import valid_steps, zero_padding
from seqtrain.errors import WrongInput
from seqtrain.models.conv import ConvLayer
from seqtrain.models.norm import MaskedBatchNorm
from seqtrain.models.residual import Shortcut
from seqtrain.models.windows import Window
from seqtrain.ranges import Count

_RESIDUAL = 3  # modules that a shortcut goes around


class Inception(nn.Module):
    """One network of InceptionTime (Ismail Fawaz et al. 2020), figures 1 and 2; with `ensemble=5` all of it.

    A shortcut goes around every three modules; modules that are left over have none, as in the authors' code.

    Shapes: inputs (B, T, F), lengths (B,) -> outputs (B, T, C), the same lengths, C = filters (kernels + 1).

    Args:
        depth: modules, one upon the other.
        filters: features of each of a module's convolutions.
        bottleneck: features to which a module brings its input first; a single feature stays as it is.
        kernel_size: steps that a kernel sees, of each of a module's convolutions.

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
    ) -> None:
        super().__init__()
        if not kernel_size:
            raise WrongInput("kernel_size is []: name the steps of at least one convolution, as in [40, 20, 10]")
        self.out_features = filters * (len(kernel_size) + 1)
        self.inception = nn.ModuleList(
            InceptionModule(in_features if place == 0 else self.out_features, filters, bottleneck, kernel_size)
            for place in range(depth)
        )
        self.shortcuts = nn.ModuleList(
            Shortcut(in_features if place == 0 else self.out_features, self.out_features, project=True, bias=False)
            for place in range(depth // _RESIDUAL)
        )

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        steps = zero_padding(inputs, lengths).transpose(1, 2)  # (B, F, T)
        valid = valid_steps(lengths, steps.shape[2])
        into = steps
        for place, module in enumerate(self.inception, 1):
            steps = module(steps, lengths)
            if place % _RESIDUAL == 0:
                into = steps = self.shortcuts[place // _RESIDUAL - 1](into, steps, valid)
        return steps.transpose(1, 2), lengths


class InceptionModule(nn.Module):
    """Convolutions of a narrowed input, and one of its running maximum, side by side (figure 2).

    Shapes: steps (B, C, T) with zeros for padding, lengths (B,) -> (B, filters (kernels + 1), T) with zeros.
    """

    def __init__(self, before: int, filters: int, bottleneck: int, kernel_size: list[int]) -> None:
        super().__init__()
        narrow = bottleneck if before > 1 else 1
        self.bottleneck = nn.Conv1d(before, bottleneck, 1, bias=False) if before > 1 else nn.Identity()
        self.convs = nn.ModuleList(
            ConvLayer(
                narrow, filters, Window(size, 1, padding="same", dilation=1), bias=False, norm="none", activation="none"
            )
            for size in kernel_size
        )
        self.of_maximum = nn.Conv1d(before, filters, 1, bias=False)
        self.norm = MaskedBatchNorm(filters * (len(kernel_size) + 1))

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        valid = valid_steps(lengths, steps.shape[2])
        padding = ~valid[:, None]
        narrow = self.bottleneck(steps)
        sides = [conv(narrow, lengths)[0] for conv in self.convs]
        # A maximum next to padding is that of the valid steps; what it says of padding must be a number.
        highest = functional.max_pool1d(steps.masked_fill(padding, -torch.inf), 3, stride=1, padding=1)
        sides.append(self.of_maximum(highest.masked_fill(padding, 0)))
        normed = self.norm(torch.cat(sides, 1), valid)
        return functional.relu(normed).masked_fill(padding, 0)
