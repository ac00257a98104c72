"""The simple RNN of Elman (1990) over a batch, its loop over time compiled."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from seqtrain.kernels.calls import address, call_of, flat_steps, give_inputs, want, want_few
from seqtrain.kernels.library import Loops


def rnn(
    loops: Loops,
    relu: bool,
    reverse: bool,
    inputs: Tensor,
    lengths: Tensor,
    start: Tensor | None,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """inputs (B, T, F), lengths (B,), start (B, H), weights as torch's -> outputs (B, T, H), zero in padding.

    All are without gaps.
    """
    outputs = inputs.new_empty(inputs.shape[0], inputs.shape[1], w_hh.shape[1])
    call = call_of(outputs, lengths, start, w_hh, b_hh, reverse=reverse)
    call.relu = relu
    given = give_inputs(call, inputs, w_ih, b_ih)
    loops.run("rnn_forward", outputs.dtype, call)
    del given
    return outputs


class Rnn(Function):
    """`rnn` with gradients of inputs, start and weights; these have no gradients of their own."""

    @staticmethod
    def forward(
        ctx: Any,
        loops: Loops,
        relu: bool,
        reverse: bool,
        inputs: Tensor,
        lengths: Tensor,
        start: Tensor | None,
        *weights: Tensor,
    ) -> Tensor:
        outputs = rnn(loops, relu, reverse, inputs, lengths, start, *weights)
        ctx.loops, ctx.relu, ctx.reverse = loops, relu, reverse
        ctx.save_for_backward(inputs, lengths, start, outputs, *weights)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, wanted: Tensor) -> tuple[Tensor | None, ...]:
        inputs, lengths, start, outputs, w_ih, w_hh, *biases = ctx.saved_tensors
        slopes, befores = torch.empty_like(outputs), torch.empty_like(outputs)  # (B, T, H)
        of_bias = w_hh.new_empty(w_hh.shape[0])
        of_start = torch.zeros_like(start) if ctx.needs_input_grad[5] else None
        call = call_of(outputs, lengths, start, w_hh, None, reverse=ctx.reverse)
        call.relu = ctx.relu
        call.slopes, call.befores, call.bias_slope = slopes.data_ptr(), befores.data_ptr(), of_bias.data_ptr()
        call.start_slope = address(of_start)
        wanted = want(call, wanted)
        of_w_ih = want_few(call, inputs, w_ih)
        ctx.loops.run("rnn_backward", outputs.dtype, call)
        steps = flat_steps(slopes)
        of_inputs = steps.mm(w_ih).view_as(inputs) if ctx.needs_input_grad[3] else None
        of_w_ih = steps.t().mm(flat_steps(inputs)) if of_w_ih is None else of_w_ih.t()
        of_w_hh = steps.t().mm(flat_steps(befores))
        return None, None, None, of_inputs, None, of_start, of_w_ih, of_w_hh, *(of_bias for _ in biases)
