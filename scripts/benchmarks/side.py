"""What a side of a comparison tells while it works: its turns, its losses."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.baton import Baton

CHUNK = 32  # steps of a turn: the updates that seqtrain makes in a call, whatever the case


@dataclass
class Side:
    """One of those that are compared.

    Args:
        training, testing: the turns of the two parts.
    """

    name: str
    training: Baton
    testing: Baton
    losses: list[float] = field(default_factory=list)  # of the updates, where they are asked for
    last_loss: float = 0.0  # mean over the last epoch


def turns_of(steps: int) -> list[int]:
    """Steps of each turn of an epoch."""
    whole, rest = divmod(steps, CHUNK)
    return [CHUNK] * whole + [rest] * (rest > 0)


def mean_of(losses: Sequence[float], sizes: Sequence[int]) -> float:
    """The mean over all sequences of batches of unequal sizes."""
    return sum(loss * size for loss, size in zip(losses, sizes, strict=True)) / sum(sizes)
