"""Three convolutions over time, and nothing else."""

from typing import Literal

from torch import Tensor, nn

from seqtrain.models.conv import ConvStack
from seqtrain.ranges import Count


class Fcn(nn.Module):
    """The fully convolutional network of Wang et al. (2017), "Time Series Classification from Scratch", figure 1(b).

    Each convolution keeps the number of steps, and is followed by batch norm over the valid steps and relu.

    Shapes: inputs (B, T, F), lengths (B,) -> outputs (B, T, C), the same lengths, where C is the last of `channels`.

    Args:
        channels: features after each convolution; one number for a single one.
        kernel_size: steps that a kernel sees; one value, or one for each convolution.

    Raises:
        WrongInput: `channels` is empty, or `kernel_size` has another length.
    """

    read: Literal["mean", "max", "last", "flatten"] = "mean"

    def __init__(
        self,
        in_features: int,
        *,
        channels: Count | list[Count] = [128, 256, 128],  # noqa: B006 (only read)
        kernel_size: Count | list[Count] = [8, 5, 3],  # noqa: B006 (only read)
    ) -> None:
        super().__init__()
        self.convs = ConvStack(in_features, channels=channels, kernel_size=kernel_size, dropout=0.0)
        self.out_features = self.convs.out_features

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        outputs: tuple[Tensor, Tensor] = self.convs(inputs, lengths)
        return outputs
