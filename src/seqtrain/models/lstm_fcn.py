"""A fully convolutional network over the steps, beside an LSTM over the features."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqtrain.batch import zero_padding
from seqtrain.errors import WrongInput
from seqtrain.models.fcn import Fcn
from seqtrain.models.recurrent import Recurrent
from seqtrain.ranges import Count, Fraction


class LstmFcn(nn.Module):
    """LSTM-FCN (Karim et al. 2018), figure 2, without its attention.

    The LSTM sees the series with its dimensions shuffled (section III.C): each feature is one of its steps, at which it
    sees all time steps, zeros after the last. For a series of one feature that is a single step. Its last state stands
    beside the convolutions at every time step, so that the mean over time gives the vector of the paper.

    Shapes: inputs (B, T, F), lengths (B,) -> outputs (B, T, C + hidden), the same lengths, C the last of `channels`.

    Args:
        channels: features after each convolution.
        kernel_size: steps that a kernel sees; one value, or one for each convolution.
        hidden: features of the LSTM's state.
        dropout: probability of zeroing a feature of that state, in training.
        longest: steps of the data's longest sequence.

    Raises:
        WrongInput: `kernel_size` has another length than `channels`; in `forward`, a sequence longer than `longest`.
    """

    read: Literal["mean", "max", "last", "flatten"] = "mean"

    def __init__(
        self,
        in_features: int,
        *,
        channels: Count | list[Count] = [128, 256, 128],  # noqa: B006 (only read)
        kernel_size: Count | list[Count] = [8, 5, 3],  # noqa: B006 (only read)
        hidden: Count = 8,
        dropout: Fraction = 0.8,
        longest: int,
    ) -> None:
        super().__init__()
        self.longest = longest
        self.fcn = Fcn(in_features, channels=channels, kernel_size=kernel_size)
        self.lstm = Recurrent(longest, cell="lstm", hidden=hidden)
        self.dropout = nn.Dropout(dropout)
        self.out_features = self.fcn.out_features + hidden

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        local, lengths = self.fcn(inputs, lengths)  # (B, T, C)
        shuffled = self._all_steps(inputs, lengths).transpose(1, 2)  # (B, F, longest)
        states, _ = self.lstm(shuffled, torch.full_like(lengths, shuffled.shape[1]))
        whole = self.dropout(states[:, -1:]).expand(-1, local.shape[1], -1)  # (B, T, hidden)
        return torch.cat((local, zero_padding(whole, lengths)), 2), lengths

    def _all_steps(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, F) -> (B, longest, F)."""
        inputs = zero_padding(inputs, lengths)
        missing = self.longest - inputs.shape[1]
        if torch.onnx.is_in_onnx_export():  # an export serves every length; the LSTM refuses longer ones
            return functional.pad(inputs, (0, 0, 0, missing * (inputs.shape[1] < self.longest)))
        if missing < 0 and int(lengths.max()) > self.longest:
            raise WrongInput(
                f"a sequence has {int(lengths.max())} steps but this model was trained on at most {self.longest}, "
                "all of which its LSTM reads at once: shorten the input, or train with model=fcn"
            )
        return functional.pad(inputs, (0, 0, 0, missing))  # a negative number cuts
