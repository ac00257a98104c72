"""Residual blocks of convolutions over time."""

from typing import Literal

from torch import Tensor, nn

from seqtrain.batch import zero_padding
from seqtrain.errors import WrongInput
from seqtrain.models.conv import ConvLayer
from seqtrain.models.residual import Shortcut
from seqtrain.models.windows import Window
from seqtrain.ranges import Count


class ResNet1d(nn.Module):
    """The residual network for series of Wang et al. (2017), "Time Series Classification from Scratch", figure 1(c).

    Each block has as many convolutions as `kernel_size` names, with batch norm over the valid steps, and a shortcut
    around them; the last has its relu after the sum (section II.C). As in the authors' code the shortcut of a block
    that keeps the number of channels is a batch norm alone.

    Shapes: inputs (B, T, F), lengths (B,) -> outputs (B, T, C), the same lengths, where C is the last of `channels`.

    Args:
        channels: features after each block.
        kernel_size: steps that a kernel sees, of each convolution of a block.

    Raises:
        WrongInput: there is no block, or no convolution in one.
    """

    read: Literal["mean", "max", "last", "flatten"] = "mean"

    def __init__(
        self,
        in_features: int,
        *,
        channels: list[Count] = [64, 128, 128],  # noqa: B006 (only read)
        kernel_size: list[Count] = [8, 5, 3],  # noqa: B006 (only read)
    ) -> None:
        super().__init__()
        if not channels:
            raise WrongInput("channels is []: name the features of at least one block, as in [64, 128, 128]")
        if not kernel_size:
            raise WrongInput("kernel_size is []: name the steps of at least one convolution, as in [8, 5, 3]")
        self.blocks = nn.ModuleList(
            ResidualBlock(before, after, kernel_size)
            for before, after in zip([in_features, *channels[:-1]], channels, strict=True)
        )
        self.out_features = channels[-1]

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        steps = zero_padding(inputs, lengths).transpose(1, 2)  # (B, F, T)
        for block in self.blocks:
            steps = block(steps, lengths)
        return steps.transpose(1, 2), lengths


class ResidualBlock(nn.Module):
    """Convolutions and a shortcut around them: steps (B, C, T) with zeros for padding, lengths (B,) -> (B, C', T)."""

    def __init__(self, before: int, after: int, kernel_size: list[int]) -> None:
        super().__init__()
        last = len(kernel_size) - 1
        self.layers = nn.ModuleList(
            ConvLayer(
                before if place == 0 else after,
                after,
                Window(size, stride=1, padding="same", dilation=1),
                activation="none" if place == last else "relu",
            )
            for place, size in enumerate(kernel_size)
        )
        self.shortcut = Shortcut(before, after, project=before != after, bias=True)

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        out = steps
        for layer in self.layers:
            out, _ = layer(out, lengths)
        added: Tensor = self.shortcut(steps, out, lengths)
        return added
