"""The GRU of Cho et al. (2014), its reset gate after the product with the state, its loop over time compiled."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from seqtrain.kernels.calls import address, call_of, flat_steps, give_inputs, small, want, want_slopes, want_weights
from seqtrain.kernels.library import Loops


def gru(
    loops: Loops,
    reverse: bool,
    inputs: Tensor,
    lengths: Tensor,
    start: Tensor | None,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
    *,
    gates: Tensor | None = None,
    recalled: Tensor | None = None,
) -> Tensor:
    """inputs (B, T, F), lengths (B,), start (B, H), weights as torch's -> outputs (B, T, H), zero in padding.

    All are without gaps.

    Args:
        gates: (B, T, 3H), to be filled with r, z and n.
        recalled: (B, T, H), to be filled with what r gates.
    """
    outputs = inputs.new_empty(inputs.shape[0], inputs.shape[1], w_hh.shape[1])
    call = call_of(outputs, lengths, start, w_hh, b_hh, reverse=reverse)
    call.gates, call.recalled = address(gates), address(recalled)
    given = give_inputs(call, inputs, w_ih, b_ih)
    loops.run("gru_forward", outputs.dtype, call)
    del given
    return outputs


class Gru(Function):
    """`gru` with gradients of inputs, start and weights; these have no gradients of their own."""

    @staticmethod
    def forward(
        ctx: Any,
        loops: Loops,
        reverse: bool,
        inputs: Tensor,
        lengths: Tensor,
        start: Tensor | None,
        *weights: Tensor,
    ) -> Tensor:
        batch, time, _ = inputs.shape
        hidden = weights[1].shape[1]
        gates, recalled = inputs.new_empty(batch, time, 3 * hidden), inputs.new_empty(batch, time, hidden)
        outputs = gru(loops, reverse, inputs, lengths, start, *weights, gates=gates, recalled=recalled)
        ctx.loops, ctx.reverse = loops, reverse
        ctx.save_for_backward(inputs, lengths, start, outputs, gates, recalled, *weights)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, wanted: Tensor) -> tuple[Tensor | None, ...]:
        inputs, lengths, start, outputs, gates, recalled, w_ih, w_hh, *biases = ctx.saved_tensors
        hidden = outputs.shape[2]
        of_bias = outputs.new_empty(4 * hidden)  # of n's input part, r, z, n's recurrent part, as slopes are
        of_start = torch.zeros_like(start) if ctx.needs_input_grad[4] else None
        call = call_of(outputs, lengths, start, w_hh, None, reverse=ctx.reverse)
        call.gates, call.recalled = gates.data_ptr(), recalled.data_ptr()
        call.bias_slope, call.start_slope = of_bias.data_ptr(), address(of_start)
        wanted = want(call, wanted)
        of_inputs = None
        if small(inputs, hidden) and not ctx.needs_input_grad[2]:
            of_w_ih, of_w_hh = want_weights(call, inputs, w_ih, w_hh)
            ctx.loops.run("gru_backward", outputs.dtype, call)
            of_w_ih = of_w_ih.roll(-hidden, 1).t()
        else:
            slopes, befores = want_slopes(call, outputs, 4)
            ctx.loops.run("gru_backward", outputs.dtype, call)
            steps, read = flat_steps(slopes), flat_steps(inputs)
            of_n, of_rz = steps[:, :hidden], steps[:, hidden : 3 * hidden]
            of_w_ih = torch.empty_like(w_ih)
            torch.mm(of_rz.t(), read, out=of_w_ih[: 2 * hidden])
            torch.mm(of_n.t(), read, out=of_w_ih[2 * hidden :])
            of_w_hh = steps[:, hidden:].t().mm(flat_steps(befores))
            if ctx.needs_input_grad[2]:
                of_inputs = of_rz.mm(w_ih[: 2 * hidden]).addmm_(of_n, w_ih[2 * hidden :]).view_as(inputs)
        of_biases = (of_bias[: 3 * hidden].roll(-hidden), of_bias[hidden:]) if biases else ()
        return None, None, of_inputs, None, of_start, of_w_ih, of_w_hh, *of_biases
