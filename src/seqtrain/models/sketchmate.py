"""SketchMate: what strokes a drawing is made of, then in what order."""

import logging
from typing import Literal

from torch import Tensor, nn

from seqtrain.models.conv import ConvStack
from seqtrain.models.recurrent import Recurrent
from seqtrain.models.windows import check_field
from seqtrain.ranges import Count, Fraction


class Sketchmate(nn.Module):
    """Convolutions without activations, then a bidirectional LSTM (after Xu et al., SketchMate, CVPR 2018).

    The convolutions see only whole windows, so L steps become L - 10 with the kernels 5, 5 and 3. A
    sequence that is shorter than their field of 11 steps is filled with zeros and leaves one step.

    Shapes: inputs (B, T, F), lengths (B,) -> outputs (B, max(1, T - 10), 2H), lengths (B,); where the
    data predicts at every step, the convolutions pad and T stays.

    Args:
        channels: features after each convolution.
        kernel_size: steps that a kernel sees; one value, or one for each convolution.
        hidden: features of the LSTM's state in each direction.
        dropout: probability of zeroing a value after each convolution, in training.
        per_step: the data predicts at every step.
        longest: steps of the data's longest sequence.

    Raises:
        WrongInput: the longest sequence is shorter than the field of the convolutions, or `kernel_size` has
            another length than `channels`.
    """

    read: Literal["mean", "max", "last", "flatten"] = "flatten"

    def __init__(
        self,
        in_features: int,
        *,
        channels: Count | list[Count] = [48, 64, 96],  # noqa: B006 (only read)
        kernel_size: Count | list[Count] = [5, 5, 3],  # noqa: B006 (only read)
        hidden: Count = 256,
        dropout: Fraction = 0.1,
        per_step: bool = False,
        longest: int | None = None,
    ) -> None:
        super().__init__()
        if per_step:
            logging.getLogger("seqtrain").info(
                "sketchmate pads its convolutions to keep every step, since the data predicts at each"
            )
        self.strokes = ConvStack(
            in_features,
            channels=channels,
            kernel_size=kernel_size,
            padding="same" if per_step else "valid",
            norm="none",
            activation="none",
            dropout=dropout,
        )
        if longest is not None:
            check_field(kernel_size, self.strokes.windows, longest)
        self.order = Recurrent(self.strokes.out_features, cell="lstm", hidden=hidden, bidirectional=True)
        self.out_features = self.order.out_features

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        strokes, lengths = self.strokes(inputs, lengths)  # (B, T', C)
        outputs: tuple[Tensor, Tensor] = self.order(strokes, lengths)
        return outputs
