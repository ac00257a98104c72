"""Recurrent layers read on from a state, and the state that each sequence leaves; states with a row a sequence."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqtrain.batch import zero_padding
from seqtrain.models.both_ways import State


def read_on(layers: nn.RNNBase, inputs: Tensor, lengths: Tensor, state: State) -> tuple[Tensor, Tensor]:
    """(B, T, F) -> (B, T, H), zero in padding, and the state after the last valid step of each, as `from_torch` has it.

    What torch's layers return is the state after the last step of the batch; it is that of every sequence where none
    is padded, or where they are packed.
    """
    steps = inputs.shape[1]
    if bool((lengths == steps).all()):
        outputs, after = layers(inputs, state)
        return outputs, from_torch(after)
    packed = pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)
    packed, after = layers(packed, state)
    outputs, _ = pad_packed_sequence(packed, batch_first=True, total_length=steps)
    return zero_padding(outputs, lengths), from_torch(after)


def from_torch(state: State) -> Tensor:
    """(num_layers, B, H) -> (B, 1, num_layers, H); an LSTM's two -> (B, 2, num_layers, H)."""
    return torch.stack(state if isinstance(state, tuple) else (state,)).movedim(2, 0)


def to_torch(state: Tensor) -> State:
    """The other way."""
    hidden, *cell = state.movedim(0, 2).contiguous()
    return (hidden, cell[0]) if cell else hidden
