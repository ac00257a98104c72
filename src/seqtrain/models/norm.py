"""Normalisation over batches in which padding does not count."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqtrain.batch import may_look, none_padded, valid_steps
from seqtrain.ranks import count, summed


class MaskedBatchNorm(nn.Module):
    """Batch normalisation (Ioffe and Szegedy 2015) over the valid steps only.

    The same numbers and the same `state_dict` as `nn.BatchNorm1d` where nothing is padded.
    In training it is torch's own, of the valid steps; but where several processes train together, on a GPU, and in half
    precision it takes two sums from the batch, (sum, count) and then the squared deviations: added up over the
    processes they are those of the global batch. What stands at padded steps may be anything: callers make it zero.

    Shapes: steps (B, C, T), lengths (B,) -> (B, C, T).
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, channels: int, *, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        if not self.training:
            return self._of_all(steps)
        most = steps.shape[2]
        alone = count() == 1 and steps.dtype == self.weight.dtype
        if alone and may_look(lengths) and int(lengths.sum()) > 1:
            self.num_batches_tracked.add_(1)
            return self._of_all(steps) if none_padded(lengths, most) else self._of_valid(steps, lengths)
        valid = valid_steps(lengths, most)
        padding = ~valid[:, None]  # (B, 1, T)
        exact = steps.to(self.weight.dtype)  # half-precision steps are summed in single
        total, seen = summed(exact.masked_fill(padding, 0).sum((0, 2)), valid.sum())
        mean = total / seen  # (C,)
        deviations = (exact - mean[:, None]).masked_fill(padding, 0)
        (squares,) = summed(deviations.square().sum((0, 2)))
        self._track(mean.detach(), squares.detach(), seen)
        scale = self.weight * torch.rsqrt(squares / seen + self.eps)
        return torch.addcmul(self.bias[:, None], deviations, scale[:, None]).to(steps.dtype)

    def _of_valid(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """torch's own of the valid steps, gathered as rows; zeros for padding."""
        rows = steps.transpose(1, 2)  # (B, T, C)
        where = valid_steps(lengths, rows.shape[1]).flatten().nonzero()[:, 0]
        normed = self._torchs(rows.flatten(0, 1).index_select(0, where))  # (valid steps, C)
        return torch.zeros_like(rows).flatten(0, 1).index_copy(0, where, normed).view_as(rows).transpose(1, 2)

    def _of_all(self, steps: Tensor) -> Tensor:
        """torch's own: of single steps where their channels lie side by side, which is three times as fast."""
        rows = steps.transpose(1, 2)  # (B, T, C)
        if steps.device.type != "cpu" or not rows.is_contiguous():
            return self._torchs(steps)
        return self._torchs(rows.flatten(0, 1)).view_as(rows).transpose(1, 2)

    def _torchs(self, steps: Tensor) -> Tensor:
        """Of (rows, C) or (B, C, T): by their own statistics in training, by those that were tracked otherwise."""
        mean, var, scale = self.running_mean, self.running_var, (self.weight, self.bias)
        return functional.batch_norm(steps, mean, var, *scale, self.training, self.momentum, self.eps)

    @torch.no_grad()
    def _track(self, mean: Tensor, squares: Tensor, seen: Tensor) -> None:
        unbiased = squares / (seen - 1).clamp(min=1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(unbiased, self.momentum)
        self.num_batches_tracked.add_(1)


class ChannelNorm(nn.Module):
    """Layer normalisation (Ba et al. 2016) of each step over its channels, which no padding can reach.

    Shapes: steps (B, C, T), lengths (B,) -> (B, C, T).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        normed: Tensor = self.norm(steps.transpose(1, 2))  # (B, T, C)
        return normed.transpose(1, 2)
