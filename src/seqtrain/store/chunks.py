"""What a store holds, and the pieces in which it is made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from seqtrain.sequences import Sequences
from seqtrain.texts import Texts

Plain = dict[str, Any]  # what JSON can say


@dataclass
class Chunk:
    """Some sequences, one after another, and what is known of each."""

    steps: Sequence[Tensor] = ()  # (T, F) float32 each
    columns: dict[str, Sequence[int]] = field(default_factory=dict)  # a number for each sequence, by name
    texts: dict[str, Sequence[str]] = field(default_factory=dict)  # a text for each
    facts: Plain = field(default_factory=dict)  # what is known of all; later chunks overrule
    done: int = 0  # of the progress bar's total


@dataclass(frozen=True)
class Store:
    """N sequences, in memory or in a mapped file, and what is known of each."""

    steps: Tensor  # (S, F) float32
    lengths: Tensor  # (N,) int64
    starts: Tensor  # (N,) int64
    columns: dict[str, Tensor]  # (N,) int64 each
    texts: dict[str, Texts]  # N each
    facts: Plain

    def __len__(self) -> int:
        return len(self.lengths)

    def sequences(self, which: Tensor, targets: Tensor, names: Sequence[str] | None) -> Sequences:
        """Some of the sequences, sharing the steps, with targets of their own.

        Args:
            which: (n,) int64 of the N sequences
            targets: (n,) int64 or (n, D) float
            names: n of them
        """
        return Sequences(self.steps, self.starts[which], self.lengths[which], targets, names=names)


def gather(chunks: Iterable[Chunk]) -> Store:
    """A store in memory."""
    steps: list[Tensor] = []
    columns: dict[str, list[int]] = {}
    texts: dict[str, list[str]] = {}
    facts: Plain = {}
    for chunk in chunks:
        steps += chunk.steps
        for name, values in chunk.columns.items():
            columns.setdefault(name, []).extend(values)
        for name, words in chunk.texts.items():
            texts.setdefault(name, []).extend(words)
        facts |= chunk.facts
    lengths = torch.tensor([len(one) for one in steps], dtype=torch.int64)
    return Store(
        steps=torch.cat(steps) if steps else torch.empty(0, 0),
        lengths=lengths,
        starts=lengths.cumsum(0) - lengths,
        columns={name: torch.tensor(values, dtype=torch.int64) for name, values in columns.items()},
        texts={name: Texts.of(words) for name, words in texts.items()},
        facts=facts,
    )
