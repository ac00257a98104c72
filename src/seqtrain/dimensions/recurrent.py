"""The weights of a recurrent layer with the gates that they stack, and the shapes of what it answers."""

from typing import Any

from torch import nn
from torch.nn.utils.rnn import PackedSequence

from seqtrain.dimensions.layer import Dimensions, Facts, shape_of

_GATES = {
    "LSTM": ("i, f, g, o", "gates: i input, f forget, g cell (the new content), o output"),
    "GRU": ("r, z, n", "gates: r reset, z update, n new (the candidate state)"),
}
_ONE = ("h", "no gates: h, the new state")


def recurrent(module: nn.RNNBase, given: object, answer: Any) -> Facts:
    """What torch's RNN, LSTM or GRU holds and answers.

    Args:
        given: its input, a padded or a packed batch.
        answer: (output, h_n), or (output, (h_n, c_n)) of an LSTM.
    """
    gates, in_words = _GATES.get(module.mode, _ONE)
    directions = 2 if module.bidirectional else 1
    layers = f"{module.num_layers} layer{'s' * (module.num_layers > 1)}"
    each = ", each in both directions" if directions == 2 and module.num_layers > 1 else ""
    both = each or (" in both directions" if directions == 2 else "")
    notes = [f"{layers}{both}, hidden={module.hidden_size}", in_words]
    packed = isinstance(given, PackedSequence)
    if isinstance(given, PackedSequence):
        sequences, steps = int(given.batch_sizes[0]), len(given.batch_sizes)
        notes.append(f"packed: {len(given.data):,} valid steps of {sequences} x {steps} = {sequences * steps:,}")
    letters = "(B, T, F) -> (B, T, H)" if module.batch_first or packed else "(T, B, F) -> (T, B, H)"
    return Facts(letters, tuple(notes), (*weights(module, gates), *_answers(module, answer, packed=packed)))


def weights(module: nn.RNNBase, gates: str) -> list[Dimensions]:
    """Every layer's and direction's weights, in the order of the module."""
    stacked = {"LSTM": "4*hidden", "GRU": "3*hidden"}.get(module.mode, "hidden")
    state = "proj_size" if module.proj_size else "hidden"
    above = f"2*{state}" if module.bidirectional else state
    tensors = []
    for name, weight in module.named_parameters():
        kind, _, place = name.rpartition("_l")
        letters = {
            "weight_ih": f"({stacked}, {'features' if place.split('_')[0] == '0' else above})",
            "weight_hh": f"({stacked}, {state})",
            "weight_hr": "(proj_size, hidden)",
        }.get(kind, f"({stacked})")
        tensors.append(Dimensions(name, letters, tuple(weight.shape), "" if kind == "weight_hr" else gates))
    return tensors


def _answers(module: nn.RNNBase, answer: Any, *, packed: bool) -> list[Dimensions]:
    output, state = answer
    hidden = "proj_size" if module.proj_size else "hidden"
    width = f"2*{hidden}" if module.bidirectional else hidden
    order = "B, T" if module.batch_first or packed else "T, B"
    count = "num_layers*2" if module.bidirectional else "num_layers"
    if module.bidirectional:
        meaning, of = "top layer's states, both directions side by side", "of every layer and direction"
    else:
        meaning, of = "top layer's state at every step", f"of every layer{'' if packed else ', after step T'}"
    tensors = [Dimensions("output", f"({order}, {width})", shape_of(output) or (), meaning)]
    if module.mode != "LSTM":
        state = (state,)
    for name, part, size, what in zip(("h_n", "c_n"), state, (hidden, "hidden"), ("hidden", "cell"), strict=False):
        letters = f"({count}, B, {size})"
        tensors.append(Dimensions(name, letters, tuple(part.shape), f"last {what} state {of}"))
    return tensors
