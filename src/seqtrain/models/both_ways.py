"""Recurrent layers read layer by layer, and forwards and backwards: each direction over the valid steps alone."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.backends.cudnn.rnn import get_cudnn_mode
from torch.nn.functional import dropout
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

State = Tensor | tuple[Tensor, Tensor]  # (num_layers x directions, B, H); for an LSTM, hidden and cell


def read_both_ways(layers: nn.RNNBase, inputs: Tensor, lengths: Tensor, state: State | None) -> Tensor:
    """(B, T, F) -> (B, T, 2H); what it says of padding is to be ignored.

    Reading backwards would start with the padding. Packing avoids that, but its backward pass costs three times
    as much on the CPU as reading each sequence reversed, layer by layer and direction by direction; and it has to
    know the lengths on the CPU, for which a GPU would be waited for.
    """
    outputs: Tensor
    if torch.onnx.is_in_onnx_export():
        packed = pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)
        packed, _ = layers(packed, state)
        outputs, _ = pad_packed_sequence(packed, batch_first=True, total_length=inputs.shape[1])
        return outputs
    if not inputs.is_cuda and bool((lengths == inputs.shape[1]).all()):
        outputs, _ = layers(inputs, state)
        return outputs
    return read_layers(layers, inputs, lengths, state)


def read_layers(layers: nn.RNNBase, inputs: Tensor, lengths: Tensor, state: State | None) -> Tensor:
    """(B, T, F) -> (B, T, H), one layer after the other, with torch's own dropout between them.

    cuDNN's draws from a state of its own, that no seed of a step reaches.
    """
    back = _reversed_steps(lengths, inputs.shape[1]) if layers.bidirectional else lengths
    steps = inputs
    for layer in range(layers.num_layers):
        if layer > 0:
            steps = dropout(steps, layers.dropout, layers.training)
        if not layers.bidirectional:
            steps = _one_pass(layers, layer, steps, state)
            continue
        forwards = _one_pass(layers, 2 * layer, steps, state)
        backwards = _one_pass(layers, 2 * layer + 1, _reverse(steps, back), state)
        steps = torch.cat((forwards, _reverse(backwards, back)), 2)  # (B, T, 2H)
    return steps


def _one_pass(layers: nn.RNNBase, which: int, steps: Tensor, state: State | None) -> Tensor:
    """One layer in one direction, by the functions that nn.RNN, nn.LSTM and nn.GRU call themselves."""
    start = _zeros(layers, steps) if state is None else _part(state, which)
    function = {"LSTM": torch.lstm, "GRU": torch.gru, "RNN_TANH": torch.rnn_tanh, "RNN_RELU": torch.rnn_relu}[
        layers.mode
    ]
    options = (layers.bias, 1, 0.0, layers.training, False, True)  # one layer, no dropout, one way, batch first
    outputs: Tensor = function(steps, start, layers.all_weights[which], *options)[0]  # type: ignore[operator]
    return outputs


def lay_out(layers: nn.RNNBase) -> None:
    """Put the weights of each layer and direction into one piece of a GPU's memory, as cuDNN reads them.

    For layers that are read one by one: torch has put those of all into one, and would copy a layer's at every call.
    """
    flat = [weight for weights in layers.all_weights for weight in weights]
    if not flat[0].is_cuda or flat[0].untyped_storage().data_ptr() != flat[-1].untyped_storage().data_ptr():
        return
    with torch.inference_mode(False), torch.no_grad():
        for weights in layers.all_weights:
            torch._cudnn_rnn_flatten_weight(
                list[Tensor](weights), len(weights), weights[0].shape[1], get_cudnn_mode(layers.mode),  # type: ignore[no-untyped-call]
                layers.hidden_size, 0, 1, True, False,
            )  # fmt: skip


def _zeros(layers: nn.RNNBase, steps: Tensor) -> State:
    zeros = steps.new_zeros(1, steps.shape[0], layers.hidden_size)
    return (zeros, zeros) if layers.mode == "LSTM" else zeros


def _part(state: State, which: int) -> State:
    if isinstance(state, tuple):
        return state[0][which : which + 1].contiguous(), state[1][which : which + 1].contiguous()
    return state[which : which + 1].contiguous()


def _reversed_steps(lengths: Tensor, steps: int) -> Tensor:
    """(B * T,): the rows to read so that each sequence's valid steps come in reverse, its padding staying put."""
    forwards = torch.arange(steps, device=lengths.device)
    backwards = lengths[:, None] - 1 - forwards
    first = steps * torch.arange(lengths.shape[0], device=lengths.device)[:, None]
    return (first + torch.where(backwards >= 0, backwards, forwards)).flatten()


class _Reverse(torch.autograd.Function):
    """(B, T, C) -> the same with its rows in another order, twice of which is the first one.

    So its gradient is read in that order too: what torch does for any order adds numbers one by one.
    """

    @staticmethod
    def forward(ctx: Any, steps: Tensor, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        return _in_order(steps, rows)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (rows,) = ctx.saved_tensors
        return _reverse(gradient, rows), None


def _in_order(steps: Tensor, rows: Tensor) -> Tensor:
    return steps.flatten(0, 1).index_select(0, rows).view(steps.shape)


def _reverse(steps: Tensor, rows: Tensor) -> Tensor:
    if not torch.is_grad_enabled():  # so that what traces a model sees torch's own
        return _in_order(steps, rows)
    reversed_steps: Tensor = _Reverse.apply(steps, rows)  # type: ignore[no-untyped-call]
    return reversed_steps
