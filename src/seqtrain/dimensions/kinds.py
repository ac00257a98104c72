"""What each kind of layer has to say of itself, beside its shapes."""

from typing import Any

from torch import nn

from seqtrain.dimensions.convolution import convolution
from seqtrain.dimensions.layer import Facts, Shape, own_tensors
from seqtrain.dimensions.recurrent import recurrent
from seqtrain.heads import LabelProbabilities, LogProbabilities
from seqtrain.models.norm import ChannelNorm, MaskedBatchNorm
from seqtrain.models.recurrent import Recurrent
from seqtrain.network import Normalize

# A layer of its own, whatever it holds: its parts are not listed.
WHOLE = (nn.Conv1d, nn.Linear, nn.RNNBase, ChannelNorm, MaskedBatchNorm, Normalize)
# A layer of its own that comes after the parts it holds.
AFTER = (LogProbabilities, LabelProbabilities)


def facts(module: nn.Module, owner: nn.Module | None, entered: Shape, given: object, answer: Any) -> Facts:
    """The facts of a module that was handed `given`, of the shape `entered`, and answered `answer`."""
    if isinstance(module, nn.Conv1d):
        return convolution(module, owner, entered)
    if isinstance(module, nn.RNNBase):
        return recurrent(module, given, answer)
    if isinstance(module, nn.Linear):
        return _linear(module, entered)
    if isinstance(module, MaskedBatchNorm):
        note = "over the valid steps of the batch; in evaluation over those of training"
        return Facts("(B, C, T)", (note,), own_tensors(module, {"weight": "(C)", "bias": "(C)"}))
    if isinstance(module, ChannelNorm):
        return Facts("(B, C, T)", ("over the channels of each step",), own_tensors(module.norm, _PER_CHANNEL))
    if isinstance(module, Normalize):
        return Facts("(B, T, F)", ("minus the training set's mean, over its deviation; padding stays 0",))
    if isinstance(module, LogProbabilities):
        letters = "(B, T, C)" if len(entered) == 3 else "(B, C)"
        return Facts(letters, ("log_softmax over the C classes",))
    if isinstance(module, LabelProbabilities):
        return Facts("(B, C)", ("log of the sigmoid of each of the C labels",))
    if isinstance(module, Recurrent):
        letters = "(states, num_layers*directions, 1, hidden)"
        return Facts("(B, T, F) -> (B, T, H)", ("learned initial state",), own_tensors(module, {"start": letters}))
    return Facts(tensors=own_tensors(module, {}))


_PER_CHANNEL = {"weight": "(C)", "bias": "(C)"}


def kind(module: nn.Module) -> str:
    """LSTM, Dropout(0.1)."""
    name = type(module).__name__
    return f"{name}({module.p})" if isinstance(module, nn.Dropout) else name


def does_nothing(module: nn.Module) -> bool:
    """Modules that hand on what they are given, and containers without content."""
    if isinstance(module, nn.Dropout):
        return module.p == 0
    return isinstance(module, nn.Identity | nn.ModuleList | nn.ModuleDict | nn.Sequential)


def _linear(module: nn.Linear, entered: Shape) -> Facts:
    letters = {2: "(B, F) -> (B, F')", 3: "(B, T, F) -> (B, T, F')"}.get(len(entered), "(…, F) -> (…, F')")
    notes = ("reads every step by itself",) if len(entered) == 3 else ()
    return Facts(letters, notes, own_tensors(module, {"weight": "(F', F)", "bias": "(F')"}))
