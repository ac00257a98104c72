"""Recurrent layers read by the compiled loops of `kernels`: the same as torch's layers, sooner."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.functional import dropout

from seqtrain.kernels.gru import Gru, gru
from seqtrain.kernels.library import Loops, computes
from seqtrain.kernels.lstm import Lstm, lstm
from seqtrain.kernels.rnn import Rnn, rnn
from seqtrain.models.both_ways import State

_MOST_HIDDEN = 512  # with one thread; torch's large products gain from more, the loops do not
_MOST_HIDDEN_OF_LSTM = 192  # torch's is faster than its other two
_MOST_HIDDEN_OF_FEW, _FEW = 64, 4  # of an LSTM; the loops take four sequences together
_HIDDEN_A_STEP = 32  # hidden features whose weights, packed once a call, are repaid by a time step


def takes(layers: nn.RNNBase, inputs: Tensor) -> bool:
    """Whether the compiled loops can stand in for torch's layers here.

    Who listens to torch's layers with hooks has to see them.
    """
    weight: Tensor = layers._flat_weights[0]  # type: ignore[assignment]
    return (
        computes(inputs)
        and inputs.dtype == weight.dtype
        and inputs.device == weight.device
        and not (layers._forward_hooks or layers._forward_pre_hooks)
    )


def faster(layers: nn.RNNBase, inputs: Tensor) -> bool:
    """Whether the compiled loops beat torch's layers at this size; docs/performance.md has the measurements."""
    hidden, threads, most = layers.hidden_size, torch.get_num_threads(), _MOST_HIDDEN
    if layers.mode == "LSTM":
        threads, most = threads**2, _MOST_HIDDEN_OF_FEW if inputs.shape[0] < _FEW else _MOST_HIDDEN_OF_LSTM
    return hidden * threads <= most and inputs.shape[1] * _HIDDEN_A_STEP >= hidden


def read_fused(
    loops: Loops, layers: nn.RNNBase, inputs: Tensor, lengths: Tensor, state: State | None
) -> list[tuple[Tensor, ...]]:
    """Inputs (B, T, F) read by all layers -> for each its outputs (B, T, directions * H), zero in padding.

    Beside the outputs of an LSTM that reads one way are its cells (B, T, H), likewise.

    Args:
        state: (num_layers * directions, B, H) to start from, of an LSTM two; None: zeros.
    """
    flat = layers._flat_weights  # all_weights looks every one up by name
    passes = layers.num_layers * (2 if layers.bidirectional else 1)
    count = len(flat) // passes
    weights = [flat[which * count : (which + 1) * count] for which in range(passes)]
    steps, lengths = inputs.contiguous(), lengths.long().contiguous()
    outputs: list[tuple[Tensor, ...]] = []
    for layer in range(layers.num_layers):
        if layer > 0 and layers.dropout > 0:
            steps = dropout(steps, layers.dropout, layers.training)
        if layers.bidirectional:
            both = (
                _one_way(loops, layers, steps, lengths, _part(layers, state, which), weights[which], reverse=back)[0]
                for which, back in ((2 * layer, False), (2 * layer + 1, True))
            )
            found: tuple[Tensor, ...] = (torch.cat(list(both), 2),)
        else:
            found = _one_way(loops, layers, steps, lengths, _part(layers, state, layer), weights[layer], reverse=False)
        outputs.append(found)
        steps = found[0]
    return outputs


def _one_way(
    loops: Loops,
    layers: nn.RNNBase,
    steps: Tensor,
    lengths: Tensor,
    start: tuple[Tensor | None, ...],
    weights: list[Any],
    *,
    reverse: bool,
) -> tuple[Tensor, ...]:
    """The outputs (B, T, H), and of an LSTM its cells (B, T, H)."""
    arguments = (reverse, steps, lengths, *start, *weights)
    learns = torch.is_grad_enabled()
    if layers.mode == "LSTM":
        found: tuple[Tensor, Tensor] = _apply(Lstm, loops, *arguments) if learns else lstm(loops, *arguments)
        return found
    if layers.mode == "GRU":
        outputs = _apply(Gru, loops, *arguments) if learns else gru(loops, *arguments)
    else:
        relu = layers.mode == "RNN_RELU"
        outputs = _apply(Rnn, loops, relu, *arguments) if learns else rnn(loops, relu, *arguments)
    return (outputs,)


def _apply(function: type[Function], *arguments: Any) -> Any:
    return function.apply(*arguments)  # type: ignore[no-untyped-call]


def _part(layers: nn.RNNBase, state: State | None, which: int) -> tuple[Tensor | None, ...]:
    """What a layer and direction starts from: (B, H) or None for zeros; of an LSTM two."""
    if state is None:
        return (None, None) if layers.mode == "LSTM" else (None,)
    return tuple(each[which].contiguous() for each in (state if isinstance(state, tuple) else (state,)))
