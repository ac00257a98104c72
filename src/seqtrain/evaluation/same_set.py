"""Whether two sets hold the same sequences with the same targets, in whatever order."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from seqtrain.loading.content import marks
from seqtrain.sequences import Sequences


def content(parts: Sequence[Sequences]) -> Tensor:
    """(n, 3) int64: which sequences and targets there are, and how often; equal for sets that hold the same."""
    rows = torch.cat([torch.stack([marks(part), _target_marks(part)], dim=1) for part in parts])  # (N, 2)
    different, counts = torch.unique(rows, dim=0, return_counts=True)  # sorted
    return torch.cat([different, counts[:, None]], dim=1)


def _target_marks(part: Sequences) -> Tensor:
    """(N,) int64: equal where two sequences have the same targets, at the same steps."""
    targets = part.targets.float()
    targets = targets[:, None] if targets.dim() == 1 else targets
    if not part.per_step:
        each = torch.arange(len(part))
        return marks(replace(part, steps=targets, starts=each, lengths=torch.ones_like(each)))
    scored = torch.ones(len(targets), 1) if part.scored is None else part.scored[:, None].float()
    return marks(replace(part, steps=torch.cat([targets, scored], dim=1)))
