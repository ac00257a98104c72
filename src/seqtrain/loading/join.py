"""Several sets of sequences as one."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from seqtrain.sequences import Sequences


def join(parts: list[Sequences]) -> Sequences:
    """All sequences of sets that have the same features and kind of target.

    Where the sets share their steps nothing is copied, and the sequences are in the order in which they lie there,
    however they were divided. Names and groups are kept where all have them.
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    shared = all(_is(part.steps, first.steps) and _shares_targets(part, first) for part in parts)
    offsets = [0] * len(parts) if shared else _offsets([len(part.steps) for part in parts])
    joined = replace(
        first,
        steps=first.steps if shared else torch.cat([part.steps for part in parts]),
        starts=torch.cat([part.starts + offset for part, offset in zip(parts, offsets, strict=True)]),
        lengths=torch.cat([part.lengths for part in parts]),
        targets=first.targets if shared and first.per_step else torch.cat([part.targets for part in parts]),
        scored=first.scored if shared else _scored(parts),
        names=_texts([part.names for part in parts]),
        groups=_texts([part.groups for part in parts]),
    )
    return joined.select(joined.starts.argsort(stable=True)) if shared else joined


def _is(one: Tensor, other: Tensor) -> bool:
    return one.data_ptr() == other.data_ptr() and one.shape == other.shape


def _shares_targets(part: Sequences, first: Sequences) -> bool:
    if not part.per_step:
        return True
    if part.scored is None or first.scored is None:
        return part.scored is first.scored and _is(part.targets, first.targets)
    return _is(part.targets, first.targets) and _is(part.scored, first.scored)


def _offsets(sizes: list[int]) -> list[int]:
    return [sum(sizes[:index]) for index in range(len(sizes))]


def _scored(parts: list[Sequences]) -> Tensor | None:
    if all(part.scored is None for part in parts):
        return None
    every = [torch.ones(len(p.steps), dtype=torch.bool) if p.scored is None else p.scored for p in parts]
    return torch.cat(every)


def _texts(columns: list[Sequence[str] | None]) -> tuple[str, ...] | None:
    texts: list[str] = []
    for column in columns:
        if column is None:
            return None
        texts += column
    return tuple(texts)
