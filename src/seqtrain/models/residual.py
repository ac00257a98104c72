"""A shortcut around convolutions, added to what they make of the same steps."""

from torch import Tensor, nn
from torch.nn import functional

from seqtrain.batch import zero_padding
from seqtrain.models.layout import Conv1d
from seqtrain.models.norm import MaskedBatchNorm


class Shortcut(nn.Module):
    """Adds what went into a block to what came out of it: relu(out + norm(into)) (He et al. 2016, with batch norm).

    Where the block changes the number of channels, a convolution of one step does so here.

    Shapes: into (B, C, T), out (B, C', T), lengths (B,) -> (B, C', T) with zeros for padding.
    """

    def __init__(self, before: int, after: int, *, project: bool, bias: bool) -> None:
        super().__init__()
        self.project = Conv1d(before, after, 1, bias=bias) if project else nn.Identity()
        self.norm = MaskedBatchNorm(after)

    def forward(self, into: Tensor, out: Tensor, lengths: Tensor) -> Tensor:
        added = functional.relu(out + self.norm(self.project(into), lengths))
        return zero_padding(added, lengths, time=2)
