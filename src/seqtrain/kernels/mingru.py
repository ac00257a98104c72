"""minGRU (Feng et al. 2024) over a batch, its loop over time compiled."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from seqtrain.kernels.calls import address, call_of, want
from seqtrain.kernels.library import Loops


def mingru(loops: Loops, gated: Tensor, lengths: Tensor, start: Tensor | None) -> Tensor:
    """W_z x and W_h x side by side (B, T, 2H), lengths (B,), start (B, H) -> outputs (B, T, H), zero in padding.

    All are without gaps.
    """
    batch, steps, both = gated.shape
    outputs = gated.new_empty(batch, steps, both // 2)
    call = call_of(outputs, lengths, start)
    call.given = gated.data_ptr()
    loops.run("mingru_forward", outputs.dtype, call)
    return outputs


class MinGru(Function):
    """`mingru` with gradients of what is given to the gates and of the start; these have no gradients of their own."""

    @staticmethod
    def forward(ctx: Any, loops: Loops, gated: Tensor, lengths: Tensor, start: Tensor | None) -> Tensor:
        outputs = mingru(loops, gated, lengths, start)
        ctx.loops = loops
        ctx.save_for_backward(gated, lengths, start, outputs)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, wanted: Tensor) -> tuple[Tensor | None, ...]:
        gated, lengths, start, outputs = ctx.saved_tensors
        of_start = torch.empty_like(start) if ctx.needs_input_grad[3] else None
        slopes = torch.empty_like(gated)
        call = call_of(outputs, lengths, start)
        call.given, call.slopes, call.start_slope = gated.data_ptr(), slopes.data_ptr(), address(of_start)
        wanted = want(call, wanted)
        ctx.loops.run("mingru_backward", outputs.dtype, call)
        return None, slopes, None, of_start
