"""In how many steps of a series fixed kernels are found."""

import math
from typing import Annotated, Literal

import torch
from annotated_types import Ge
from torch import Tensor, nn
from torch.nn import functional

from seqtrain.batch import valid_steps, zero_padding
from seqtrain.models.fixed_kernels import KERNELS, SIZE, convolve, draw_channels, kernel_weights, spread_dilations
from seqtrain.ranges import Count

_GOLDEN = (math.sqrt(5) + 1) / 2
_MOST_TO_LOOK_AT, _AT_ONCE = 512, 64  # sequences
_CONSTANT = 1e-4  # the least deviation of a feature that varies


class MiniRocket(nn.Module):
    """MiniRocket (Dempster et al. 2021), whose linear head is the task's.

    Each of 84 kernels of nine steps meets the series at several dilations, and its answer C is compared with some
    biases: quantiles of its answer to a training series drawn at random (section 3.1). A feature is the share of steps
    with C > bias: of all steps, zeros standing around them, or by turns of those around which the kernel lies inside
    the series (of all, where there is none). Kernels see up to nine features of the data, drawn at random. Where the
    data predicts at every step, a feature is whether C > bias there.

    Features leave standardised over the training set, and divided by the root of their number, so that an optimizer's
    step moves a prediction no further than with a smaller model. Nothing but the head learns.

    Shapes: inputs (B, T, F), lengths (B,) -> outputs (B, 1, features), lengths (B,) of one; or (B, T, features).

    Args:
        features: how many, rounded down to a multiple of 84.
        max_dilations: the most of a kernel.
        per_step: the data predicts at every step.
        longest: steps of the data's longest sequence, in which the widest kernel just fits.
    """

    read: Literal["mean", "max", "last", "flatten"] = "mean"
    fixed = True  # see `remembered`
    weights: Tensor
    channels: Tensor
    biases: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        in_features: int,
        *,
        features: Annotated[int, Ge(84)] = 10_000,
        max_dilations: Count = 32,
        per_step: bool = False,
        longest: int,
    ) -> None:
        super().__init__()
        per_kernel = features // len(KERNELS)
        self.out_features = per_kernel * len(KERNELS)
        self.dilations = spread_dilations(longest, per_kernel, max_dilations)
        self._per_step = per_step
        self.register_buffer("weights", kernel_weights(), persistent=False)
        self.register_buffer("channels", draw_channels(in_features, len(self.dilations)))
        self.register_buffer("biases", torch.zeros(self.out_features))  # by dilation, then kernel
        self.register_buffer("mean", torch.zeros(self.out_features))
        self.register_buffer("scale", torch.full((self.out_features,), self.out_features**-0.5))

    @torch.no_grad()
    def fit(self, inputs: Tensor, lengths: Tensor) -> None:
        """Take biases, and what standardises features, from training inputs (N, T, F) and lengths (N,)."""
        quantiles = (torch.arange(1, self.out_features + 1).double() * _GOLDEN % 1).to(inputs.dtype)
        for (dilation, _), channels, biases, wanted in zip(
            self.dilations, self.channels, self._by_dilation(self.biases), self._by_dilation(quantiles), strict=True
        ):
            drawn = torch.randint(len(inputs), (len(KERNELS),))  # a series for each kernel
            series = functional.pad(inputs[drawn].transpose(1, 2), (0, 0, 0, 1))  # (84, F + 1, T)
            answers = convolve((series[torch.arange(len(KERNELS)), row] for row in channels), self.weights, dilation)
            for kernel, length in enumerate(lengths[drawn].tolist()):
                biases[kernel] = answers[kernel, :length].quantile(wanted[kernel])
        self._standardise(inputs, lengths)

    @torch.no_grad()
    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        found = (self._features(inputs, lengths) - self.mean) * self.scale
        if self._per_step:
            return zero_padding(found, lengths), lengths
        return found, torch.ones_like(lengths)

    def _standardise(self, inputs: Tensor, lengths: Tensor) -> None:
        """Features that do not vary in training are left as they are: no weight is learnt for them."""
        every = -(-len(inputs) // _MOST_TO_LOOK_AT)
        looked_at = zip(torch.split(inputs[::every], _AT_ONCE), torch.split(lengths[::every], _AT_ONCE), strict=True)
        total = squares = torch.zeros_like(self.mean)
        count = 0
        for some, steps in looked_at:
            found = self._features(some, steps)  # (B, T or 1, features)
            found = found[valid_steps(steps, found.shape[1])] if self._per_step else found[:, 0]
            total, squares, count = total + found.sum(0), squares + found.square().sum(0), count + len(found)
        self.mean.copy_(total / count)
        deviation = (squares / count - self.mean.square()).clamp(min=0).sqrt()
        self.scale.copy_(torch.where(deviation > _CONSTANT, 1 / deviation, 1.0) * self.out_features**-0.5)

    def _features(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, F) -> shares of steps (B, 1, features), or at every step whether it counts (B, T, features)."""
        series = functional.pad(zero_padding(inputs, lengths).transpose(1, 2), (0, 0, 0, 1))  # (B, F + 1, T)
        features = []
        for place, (dilation, _) in enumerate(self.dilations):
            answers = convolve(
                (series[:, row] for row in self.channels[place].unbind()), self.weights, dilation
            )  # (B, 84, T)
            if not self._per_step:
                counted, steps = _counted(lengths, series.shape[2], dilation, place)
                answers = answers.masked_fill(~counted, -torch.inf)
            found = [_above(answers, bias[:, None]) for bias in self._by_dilation(self.biases)[place].unbind(1)]
            if self._per_step:
                features.append(torch.stack(found, 2).flatten(1, 2).transpose(1, 2))
            else:
                shares = torch.stack([each.sum(2) for each in found], 2) / steps[:, :, None]  # (B, 84, count)
                features.append(shares.flatten(1)[:, None])
        return torch.cat(features, 2)

    def _by_dilation(self, features: Tensor) -> list[Tensor]:
        """What belongs to each feature, (features,), as a (84, count) view for each dilation."""
        parts = torch.split(features, [len(KERNELS) * count for _, count in self.dilations])
        return [part.view(len(KERNELS), -1) for part in parts]


def _counted(lengths: Tensor, steps: int, dilation: int, place: int) -> tuple[Tensor, Tensor]:
    """(B, 84, steps) bool: the steps that a share is of, and (B, 84) how many; kernels by turns see outside or not."""
    reach = dilation * (SIZE // 2)
    fits = lengths > 2 * reach
    whole = valid_steps(lengths, steps)
    inside = valid_steps(lengths - reach * fits, steps) & ~valid_steps(reach * fits, steps)
    alone = (torch.arange(len(KERNELS), device=lengths.device) + place) % 2 == 1
    counted = whole[:, None] & (inside[:, None] | ~alone[:, None])  # onnxruntime chooses between no bools
    return counted, torch.where(alone, (lengths - 2 * reach * fits)[:, None], lengths[:, None])


def _above(answers: Tensor, bias: Tensor) -> Tensor:
    """1.0 where an answer is above the bias, else 0.0."""
    if torch.onnx.is_in_onnx_export():
        return (answers > bias).to(answers.dtype)
    return torch.gt(answers, bias, out=torch.empty_like(answers))  # a fourth of the time of turning bools into floats
