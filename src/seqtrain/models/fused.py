"""Recurrent layers read by the compiled loops of `kernels`: the same as torch's layers, sooner."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from seqtrain.kernels.gru import Gru, gru
from seqtrain.kernels.library import Loops
from seqtrain.kernels.rnn import Rnn, rnn

_MOST_HIDDEN = 512  # with one thread; torch's large products gain from more, the loops do not
_HIDDEN_A_STEP = 32  # hidden features whose weights, packed once a call, are repaid by a time step


def takes(layers: nn.RNNBase, inputs: Tensor) -> bool:
    """Whether the compiled loops can stand in for torch's layers here.

    They know float32 and float64 on a CPU. What traces, exports or compiles a model has to see torch's layers, and so
    has who listens to them with hooks.
    """
    weight: Tensor = layers._flat_weights[0]  # type: ignore[assignment]
    return (
        inputs.dtype == weight.dtype
        and inputs.dtype in (torch.float32, torch.float64)
        and inputs.device.type == weight.device.type == "cpu"
        and not torch.is_autocast_enabled("cpu")
        and not torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
        and not torch.compiler.is_compiling()
        and not (layers._forward_hooks or layers._forward_pre_hooks)
    )


def faster(layers: nn.RNNBase, inputs: Tensor) -> bool:
    """Whether the compiled loops beat torch's layers at this size; docs/performance.md has the measurements."""
    hidden = layers.hidden_size
    return hidden * torch.get_num_threads() <= _MOST_HIDDEN and inputs.shape[1] * _HIDDEN_A_STEP >= hidden


def read_fused(loops: Loops, layers: nn.RNNBase, inputs: Tensor, lengths: Tensor, state: Tensor | None) -> list[Tensor]:
    """(B, T, F) -> (B, T, directions * H) of each layer, zero in padding; state (num_layers * directions, B, H).

    No state stands for zeros.
    """
    flat = layers._flat_weights  # all_weights looks every one up by name
    passes = layers.num_layers * (2 if layers.bidirectional else 1)
    count = len(flat) // passes
    weights = [flat[which * count : (which + 1) * count] for which in range(passes)]
    steps, lengths = inputs.contiguous(), lengths.contiguous()
    outputs = []
    for layer in range(layers.num_layers):
        if layer > 0 and layers.dropout > 0:
            steps = dropout(steps, layers.dropout, layers.training)
        if not layers.bidirectional:
            steps = _one_way(loops, layers, steps, lengths, _part(state, layer), weights[layer], reverse=False)
            outputs.append(steps)
            continue
        forwards, backwards = (
            _one_way(loops, layers, steps, lengths, _part(state, which), weights[which], reverse=which % 2 == 1)
            for which in (2 * layer, 2 * layer + 1)
        )
        steps = torch.cat((forwards, backwards), 2)
        outputs.append(steps)
    return outputs


def _one_way(
    loops: Loops,
    layers: nn.RNNBase,
    steps: Tensor,
    lengths: Tensor,
    start: Tensor | None,
    weights: list[Any],
    *,
    reverse: bool,
) -> Tensor:
    outputs: Tensor
    learns = torch.is_grad_enabled()
    if layers.mode == "GRU":
        if learns:
            outputs = Gru.apply(loops, reverse, steps, lengths, start, *weights)  # type: ignore[no-untyped-call]
        else:
            outputs = gru(loops, reverse, steps, lengths, start, *weights)
    else:
        relu = layers.mode == "RNN_RELU"
        if learns:
            outputs = Rnn.apply(loops, relu, reverse, steps, lengths, start, *weights)  # type: ignore[no-untyped-call]
        else:
            outputs = rnn(loops, relu, reverse, steps, lengths, start, *weights)
    return outputs


def _part(state: Tensor | None, which: int) -> Tensor | None:
    return None if state is None else state[which].contiguous()
