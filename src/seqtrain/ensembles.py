"""A head for each member of a backbone that is an ensemble, and the mean of what they say."""

import math
from collections.abc import Iterable
from typing import Protocol

import torch
from torch import Tensor, nn

from seqtrain.batch import Spec
from seqtrain.heads import out_features


class MakesHeads(Protocol):
    """What a task does for one backbone."""

    def head(self, backbone: nn.Module, spec: Spec) -> nn.Module: ...


class MeanOfProbabilities(nn.Module):
    """Heads that say log-probabilities, each of its part of (B, T, H): the logarithm of their mean probability.

    In training it is the mean of their log-probabilities. Cross entropy is linear in those, so that its value is the
    mean of the members' own losses, and each member is trained as it would be alone. That of several labels a sequence
    is not: there the members learn together.
    """

    def __init__(self, heads: Iterable[nn.Module], widths: list[int]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(heads)
        self.widths = widths

    def forward(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        said = _each(self.heads, outputs, lengths, self.widths)  # (members, B, T, C) or (members, B, C)
        return said.mean(0) if self.training else said.logsumexp(0) - math.log(len(said))


class MeanOfValues(nn.Module):
    """Heads that say values, each of its part of (B, T, H): their mean, in training too."""

    def __init__(self, heads: Iterable[nn.Module], widths: list[int]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(heads)
        self.widths = widths

    def forward(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        return _each(self.heads, outputs, lengths, self.widths).mean(0)


def head_of(task: MakesHeads, backbone: nn.Module, spec: Spec) -> nn.Module:
    """The task's head for a backbone; one for each of its `members`, where it has some, whose answers are averaged."""
    members = getattr(backbone, "members", None)
    if members is None:
        return task.head(backbone, spec)
    heads = [task.head(member, spec) for member in members]
    mean = MeanOfProbabilities if spec.classes else MeanOfValues
    return mean(heads, [out_features(member) for member in members])


def _each(heads: nn.ModuleList, outputs: Tensor, lengths: Tensor, widths: list[int]) -> Tensor:
    parts = torch.split(outputs, widths, 2)
    return torch.stack([head(part, lengths) for head, part in zip(heads, parts, strict=True)])
