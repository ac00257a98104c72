"""The backbone that does nothing, so that with its head it is a linear model."""

from typing import Literal

from torch import Tensor, nn

from seqtrain.batch import zero_padding


class Linear(nn.Module):
    """Hands the inputs on; the head that reads them is the linear layer.

    At every step that is a linear map of the step; over a whole sequence, of the mean of its steps.
    The simplest model there is: what a larger one must beat.

    Shapes: inputs (B, T, F), lengths (B,) -> outputs (B, T, F), the same lengths.
    """

    read: Literal["mean", "max", "last", "flatten"] = "mean"

    def __init__(self, in_features: int) -> None:
        super().__init__()
        self.out_features = in_features

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        return zero_padding(inputs, lengths), lengths

    def step(self, inputs: Tensor, state: None = None) -> tuple[Tensor, None]:
        """One time step (B, F), which needs nothing of those before it."""
        return inputs, state
