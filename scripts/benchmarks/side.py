"""What a side of a comparison tells while it works: its turns, its losses."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.baton import Baton, Spent

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


@dataclass(frozen=True)
class Done:
    """A side at its end, as its process tells it."""

    training: list[Spent]
    testing: list[Spent]
    losses: list[float]
    last_loss: float
    memory: float  # the most that the process took, in MiB


def done(side: Side) -> Done:
    """Called in the side's own process."""
    said = Path("/proc/self/status").read_text()  # getrusage tells at least what the process that started it had
    most = int(next(line for line in said.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
    return Done(side.training.turns, side.testing.turns, side.losses, side.last_loss, most)


def turns_of(steps: int) -> list[int]:
    """Steps of each turn of an epoch."""
    whole, rest = divmod(steps, CHUNK)
    return [CHUNK] * whole + [rest] * (rest > 0)


def mean_of(losses: Sequence[float], sizes: Sequence[int]) -> float:
    """The mean over all sequences of batches of unequal sizes."""
    return sum(loss * size for loss, size in zip(losses, sizes, strict=True)) / sum(sizes)
