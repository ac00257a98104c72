"""The LSTM of Hochreiter and Schmidhuber (1997) over a batch, its loop over time compiled."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from seqtrain.kernels.calls import address, call_of, give_inputs, run_backward, want
from seqtrain.kernels.library import Loops


def lstm(
    loops: Loops,
    reverse: bool,
    inputs: Tensor,
    lengths: Tensor,
    start: Tensor | None,
    start_cell: Tensor | None,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
    *,
    gates: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """inputs (B, T, F), lengths (B,), starts (B, H), weights as torch's -> outputs, cells (B, T, H), zero in padding.

    All are without gaps.

    Args:
        gates: (B, T, 4H), to be filled with i, f, g and o.
    """
    outputs = inputs.new_empty(inputs.shape[0], inputs.shape[1], w_hh.shape[1])
    cells = torch.empty_like(outputs)
    call = call_of(outputs, lengths, start, w_hh, b_hh, reverse=reverse)
    call.start_cell, call.gates, call.cells = address(start_cell), address(gates), cells.data_ptr()
    given = give_inputs(call, inputs, w_ih, b_ih)
    loops.run("lstm_forward", outputs.dtype, call)
    del given
    return outputs, cells


class Lstm(Function):
    """`lstm` with gradients of inputs, starts and weights; these have no gradients of their own."""

    @staticmethod
    def forward(
        ctx: Any,
        loops: Loops,
        reverse: bool,
        inputs: Tensor,
        lengths: Tensor,
        start: Tensor | None,
        start_cell: Tensor | None,
        *weights: Tensor,
    ) -> tuple[Tensor, Tensor]:
        batch, time, _ = inputs.shape
        hidden = weights[1].shape[1]
        gates = inputs.new_empty(batch, time, 4 * hidden)
        outputs, cells = lstm(loops, reverse, inputs, lengths, start, start_cell, *weights, gates=gates)
        ctx.loops, ctx.reverse = loops, reverse
        ctx.set_materialize_grads(False)  # the cells' is rarely asked for
        ctx.save_for_backward(inputs, lengths, start, start_cell, outputs, gates, cells, *weights)
        return outputs, cells

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, wanted: Tensor | None, wanted_cells: Tensor | None) -> tuple[Tensor | None, ...]:
        inputs, lengths, start, start_cell, outputs, gates, cells, w_ih, w_hh, *biases = ctx.saved_tensors
        of_bias = w_hh.new_empty(w_hh.shape[0])
        starts = ctx.needs_input_grad[4] or ctx.needs_input_grad[5]
        of_start, of_cell = (torch.zeros_like(start), torch.zeros_like(start_cell)) if starts else (None, None)
        call = call_of(outputs, lengths, start, w_hh, None, reverse=ctx.reverse)
        call.start_cell, call.gates, call.cells = address(start_cell), gates.data_ptr(), cells.data_ptr()
        call.bias_slope, call.start_slope, call.start_cell_slope = map(address, (of_bias, of_start, of_cell))
        wanted = want(call, torch.zeros_like(outputs) if wanted is None else wanted)
        wanted_cells = None if wanted_cells is None else wanted_cells.contiguous()
        call.wanted_cells = address(wanted_cells)
        of_inputs, of_w_ih, of_w_hh = run_backward(
            ctx.loops, "lstm_backward", call, inputs, outputs, w_ih, w_hh, of_inputs=ctx.needs_input_grad[2]
        )
        return None, None, of_inputs, None, of_start, of_cell, of_w_ih, of_w_hh, *(of_bias for _ in biases)
