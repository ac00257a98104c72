"""Heads: from what a backbone says at every step to what a task predicts."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from seqtrain.batch import valid_steps, zero_padding
from seqtrain.errors import WrongInput

Read = Literal["mean", "max", "last", "flatten"]


class StepHead(nn.Module):
    """One linear layer, applied at every step: (B, T, H) -> (B, T, out)."""

    def __init__(self, in_features: int, out: int) -> None:
        super().__init__()
        self.linear = nn.Linear(in_features, out)

    def forward(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        predicted: Tensor = self.linear(outputs)
        return predicted


class PooledHead(nn.Module):
    """One linear layer on the valid steps pooled: (B, T, H) -> (B, H) -> (B, out)."""

    def __init__(self, in_features: int, out: int, *, pool: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.pool = pool
        self.linear = nn.Linear(in_features, out)

    def forward(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        predicted: Tensor = self.linear(self.pool(outputs, lengths))
        return predicted


class FlattenHead(nn.Module):
    """One linear layer on all steps side by side, zeros after the last: (B, T, H) -> (B, steps * H) -> (B, out).

    Args:
        steps: the most steps that the backbone puts out for this data; a longer input raises WrongInput.
    """

    def __init__(self, in_features: int, out: int, *, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self.linear = nn.Linear(steps * in_features, out)

    def forward(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        outputs = zero_padding(outputs, lengths)
        missing = self.steps - outputs.shape[1]
        if torch.onnx.is_in_onnx_export():  # an export serves every length; the linear layer refuses longer ones
            outputs = nn.functional.pad(outputs, (0, 0, 0, missing * (outputs.shape[1] < self.steps)))
        elif missing > 0:
            outputs = nn.functional.pad(outputs, (0, 0, 0, missing))
        elif missing < 0:
            if int(lengths.max()) > self.steps:
                raise WrongInput(
                    f"a sequence leaves the model with {int(lengths.max())} steps but this flatten head was "
                    f"trained on at most {self.steps}: shorten the input, or train with task.read=mean"
                )
            outputs = outputs[:, : self.steps]
        predicted: Tensor = self.linear(outputs.flatten(1))
        return predicted


class LogProbabilities(nn.Module):
    """Another head's outputs as log-probabilities over the last dimension."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        scores: Tensor = self.head(outputs, lengths)
        return scores.log_softmax(-1)


class LabelProbabilities(nn.Module):
    """Another head's outputs, as log-odds, as the log-probability of each label by itself."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        odds: Tensor = self.head(outputs, lengths)
        return nn.functional.logsigmoid(odds)


def reader(head: nn.Module) -> nn.Module:
    """What of a head reads the steps, without what makes probabilities of it."""
    return head.head if isinstance(head, LogProbabilities | LabelProbabilities) else head


def mean_over_time(outputs: Tensor, lengths: Tensor) -> Tensor:
    """(B, T, H) -> (B, H), padding left out."""
    return zero_padding(outputs, lengths).sum(1) / lengths[:, None]


def max_over_time(outputs: Tensor, lengths: Tensor) -> Tensor:
    """(B, T, H) -> (B, H), padding left out."""
    padding = ~valid_steps(lengths, outputs.shape[1])
    return outputs.masked_fill(padding[:, :, None], -torch.inf).amax(1)


def last_step(outputs: Tensor, lengths: Tensor) -> Tensor:
    """(B, T, H) -> (B, H), the last valid step of each."""
    where = (lengths - 1)[:, None, None].expand(-1, 1, outputs.shape[2])
    return outputs.gather(1, where)[:, 0]


def sequence_head(backbone: nn.Module, out: int, *, features: int, longest: int, read: Read) -> nn.Module:
    """The head that reads a whole sequence as `read` says."""
    if read != "flatten":
        pool = {"mean": mean_over_time, "max": max_over_time, "last": last_step}[read]
        return PooledHead(out_features(backbone), out, pool=pool)
    steps = output_lengths(backbone, features, [longest])[0]
    return FlattenHead(out_features(backbone), out, steps=steps)


def output_lengths(backbone: nn.Module, features: int, lengths: list[int]) -> list[int]:
    """How many steps leave the backbone for sequences of these lengths, found by running it once."""
    training = backbone.training
    parameter = next(backbone.parameters(), torch.zeros(()))
    inputs = torch.zeros(len(lengths), max(lengths), features, dtype=parameter.dtype, device=parameter.device)
    with torch.no_grad():
        _, out = backbone.eval()(inputs, torch.tensor(lengths, device=parameter.device))
    backbone.train(training)
    steps: list[int] = out.tolist()
    return steps


def out_features(backbone: nn.Module) -> int:
    """How wide a backbone's steps are. Raises WrongInput where it does not say."""
    width = getattr(backbone, "out_features", None)
    if not isinstance(width, int):
        raise WrongInput(
            f"model {type(backbone).__name__} has no whole number out_features: set it to the features of its outputs"
        )
    return width
