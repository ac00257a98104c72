"""Normalisation over batches in which padding does not count."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from seqtrain.batch import may_look, none_padded, valid_steps
from seqtrain.ranks import count, summed


class MaskedBatchNorm(nn.Module):
    """Batch normalisation (Ioffe and Szegedy 2015) over the valid steps only.

    The same numbers and the same `state_dict` as `nn.BatchNorm1d` where nothing is padded.
    In training one process on a CPU gathers the valid steps. Else, and in half precision, two sums are taken from the
    batch, (sum, count) and then the squared deviations: added up over the processes that train together they are those
    of the global batch. What stands at padded steps may be anything: callers make it zero.

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
            return self._tracked(steps)
        alone = count() == 1 and steps.dtype == self.weight.dtype
        if alone and may_look(lengths) and int(lengths.sum()) > 1:
            return self._of_rows(steps, lengths)
        valid = valid_steps(lengths, steps.shape[2])
        padding = ~valid[:, None]  # (B, 1, T)
        exact = steps.to(self.weight.dtype)  # half-precision steps are summed in single
        total, seen = summed(exact.masked_fill(padding, 0).sum((0, 2)), valid.sum())
        mean = total / seen  # (C,)
        deviations = (exact - mean[:, None]).masked_fill(padding, 0)
        (squares,) = summed(deviations.square().sum((0, 2)))
        self._track(mean.detach(), squares.detach(), seen)
        scale = self.weight * torch.rsqrt(squares / seen + self.eps)
        return torch.addcmul(self.bias[:, None], deviations, scale[:, None]).to(steps.dtype)

    def _of_rows(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """The valid steps gathered as rows, several times as fast as behind a mask; zeros for padding."""
        rows = steps.transpose(1, 2)  # (B, T, C)
        flat, where = rows.flatten(0, 1), None
        if not none_padded(lengths, rows.shape[1]):
            where = valid_steps(lengths, rows.shape[1]).flatten().nonzero()[:, 0]
            flat = flat.index_select(0, where)
        normed, mean, squares = _NormalizeRows.apply(flat, self.weight, self.bias, self.eps)  # type: ignore[no-untyped-call]
        self._track(mean, squares, lengths.sum())
        if where is not None:
            normed = torch.zeros_like(rows).flatten(0, 1).index_copy(0, where, normed)
        lying: Tensor = normed.view(rows.shape).transpose(1, 2)
        return lying

    def _tracked(self, steps: Tensor) -> Tensor:
        """By the statistics that were tracked; single steps where their channels lie side by side."""
        rows = steps.transpose(1, 2)  # (B, T, C)
        apart = steps.device.type == "cpu" and rows.is_contiguous()
        seen = rows.flatten(0, 1) if apart else steps
        normed = functional.batch_norm(seen, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        return normed.view_as(rows).transpose(1, 2) if apart else normed

    @torch.no_grad()
    def _track(self, mean: Tensor, squares: Tensor, seen: Tensor) -> None:
        unbiased = squares / (seen - 1).clamp(min=1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(unbiased, self.momentum)
        self.num_batches_tracked.add_(1)


class _NormalizeRows(torch.autograd.Function):
    """Rows (N, C) -> rows of mean 0 and deviation 1, scaled and shifted; their mean and summed squared deviations (C,).

    Statistics by torch.sum, which adds up pairwise. torch's own batch norm of rows adds one after another: of a million
    rows its variance is 2e-4 off in float32.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, weight: Tensor, bias: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
        mean = rows.sum(0) / len(rows)
        squares = (rows - mean).square_().sum(0)
        var = squares / len(rows)
        ctx.eps = eps
        ctx.save_for_backward(rows, weight, mean, torch.rsqrt(var + eps))
        ctx.mark_non_differentiable(mean, squares)
        return functional.batch_norm(rows, mean, var, weight, bias, eps=eps), mean, squares

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        rows, weight, mean, scale = ctx.saved_tensors
        wanted = [True, True, True]
        of_rows, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
            gradient.contiguous(), rows, weight, None, None, mean, scale, True, ctx.eps, wanted
        )
        return of_rows, of_weight, of_bias, None


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
