"""What the functions of all cells share around one call of a compiled loop."""

import torch
from torch import Tensor
from torch.nn.functional import linear

from seqtrain.kernels.library import Call, Loops

_FEW = 8  # features that a loop multiplies by itself, which is then cheaper than a product in torch
_SMALL = 256  # hidden features; a wider layer's weights leave no room in a core's cache for what a loop keeps


def call_of(
    outputs: Tensor,
    lengths: Tensor,
    start: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    reverse: bool = False,
) -> Call:
    """What every loop is told: outputs (B, T, H), lengths (B,) int64, start (B, H) or zeros.

    A loop that multiplies the state also has its weight (GH, H) and bias (GH).
    """
    batch, steps, hidden = outputs.shape
    return Call(
        batch=batch,
        steps=steps,
        hidden=hidden,
        reverse=reverse,
        lengths=lengths.data_ptr(),
        weight=address(weight),
        bias=address(bias),
        start=address(start),
        outputs=outputs.data_ptr(),
    )


def give_inputs(call: Call, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor | None:
    """Tell a forward loop of inputs (B, T, F): these themselves where their features are few, or what they give.

    What they give to every gate (B, T, GH) is one product; it is returned, to outlive the call.
    """
    if few(inputs):
        call.features = inputs.shape[2]
        call.inputs = inputs.data_ptr()
        call.input_weight = weight.data_ptr()
        call.input_bias = address(bias)
        return None
    given = linear(inputs, weight, bias)
    call.given = given.data_ptr()
    return given


def want(call: Call, wanted: Tensor) -> Tensor:
    """Tell a backward loop of the gradient of outputs (B, T, H), which is returned, to outlive the call."""
    _, steps, hidden = wanted.shape
    to_batch, to_step, to_feature = wanted.stride()
    if to_feature != 1 or to_step < hidden or to_batch != steps * to_step:
        wanted, to_step = wanted.contiguous(), hidden
    call.wanted = wanted.data_ptr()
    call.wanted_stride = to_step
    return wanted


def small(inputs: Tensor, hidden: int) -> bool:
    """Whether a backward loop multiplies the weights' gradients by itself, from what is still in the cache."""
    return few(inputs) and hidden <= _SMALL


def want_weights(call: Call, inputs: Tensor, w_ih: Tensor, w_hh: Tensor) -> tuple[Tensor, Tensor]:
    """Have a backward loop fill the gradients of the inputs' weights, (F, GH), and of the state's, (GH, H)."""
    of_w_ih, of_w_hh = w_ih.new_empty(w_ih.shape[::-1]), torch.empty_like(w_hh)
    call.features = inputs.shape[2]
    call.inputs = inputs.data_ptr()
    call.input_weight_slope, call.weight_slope = of_w_ih.data_ptr(), of_w_hh.data_ptr()
    return of_w_ih, of_w_hh


def want_slopes(call: Call, outputs: Tensor, per_hidden: int) -> tuple[Tensor, Tensor]:
    """Have a backward loop fill slopes (B, T, per_hidden * H) and the states before steps (B, T, H)."""
    batch, steps, hidden = outputs.shape
    slopes, befores = outputs.new_empty(batch, steps, per_hidden * hidden), torch.empty_like(outputs)
    call.slopes, call.befores = slopes.data_ptr(), befores.data_ptr()
    return slopes, befores


def run_backward(
    loops: Loops, loop: str, call: Call, inputs: Tensor, outputs: Tensor, w_ih: Tensor, w_hh: Tensor, *, of_inputs: bool
) -> tuple[Tensor | None, Tensor, Tensor]:
    """Run a loop of a cell whose gates see inputs and state alike: gradients of inputs, where asked, and of weights."""
    if small(inputs, outputs.shape[2]) and not of_inputs:
        of_w_ih, of_w_hh = want_weights(call, inputs, w_ih, w_hh)
        loops.run(loop, outputs.dtype, call)
        return None, of_w_ih.t(), of_w_hh
    slopes, befores = want_slopes(call, outputs, w_hh.shape[0] // w_hh.shape[1])
    loops.run(loop, outputs.dtype, call)
    steps = flat_steps(slopes)
    of_steps = steps.mm(w_ih).view_as(inputs) if of_inputs else None
    return of_steps, steps.t().mm(flat_steps(inputs)), steps.t().mm(flat_steps(befores))


def few(inputs: Tensor) -> bool:
    return inputs.shape[2] <= _FEW


def flat_steps(steps: Tensor) -> Tensor:
    """(B, T, F) -> (B * T, F)"""
    return steps.view(-1, steps.shape[2])


def address(tensor: Tensor | None) -> int | None:
    """Of its first number; the tensor has to outlive the call."""
    return None if tensor is None else tensor.data_ptr()
