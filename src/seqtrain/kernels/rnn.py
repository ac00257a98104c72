"""The simple RNN of Elman (1990) over a batch, its loop over time compiled."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from seqtrain.kernels.calls import address, call_of, give_inputs, run_backward, want
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
        of_bias = w_hh.new_empty(w_hh.shape[0])
        of_start = torch.zeros_like(start) if ctx.needs_input_grad[5] else None
        call = call_of(outputs, lengths, start, w_hh, None, reverse=ctx.reverse)
        call.relu = ctx.relu
        call.bias_slope, call.start_slope = of_bias.data_ptr(), address(of_start)
        wanted = want(call, wanted)
        of_inputs, of_w_ih, of_w_hh = run_backward(
            ctx.loops, "rnn_backward", call, inputs, outputs, w_ih, w_hh, of_inputs=ctx.needs_input_grad[3]
        )
        return None, None, None, of_inputs, None, of_start, of_w_ih, of_w_hh, *(of_bias for _ in biases)
