"""A set of sequences of any lengths, held as flat tensors; and what a data set hands over.

All steps lie one after another, so that a batch is one gather, a subset needs no copy of the steps,
and a set larger than memory is a file mapped into it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from seqtrain.batch import Batch, Predicts, valid_steps
from seqtrain.errors import WrongInput
from seqtrain.randomness import Draws
from seqtrain.texts import Texts

View = Literal["curve", "spectrogram", "drawing"]


class Statistics(NamedTuple):
    """What normalising subtracts and divides by, from the training set alone."""

    mean: Tensor  # (F,)
    std: Tensor  # (F,)


@dataclass(frozen=True, eq=False)
class Sequences:
    """N sequences. Make one with `Sequences.of`; read some of them with `batch`."""

    steps: Tensor  # (S, F) float32: all sequences, one after another
    starts: Tensor  # (N,) int64: where each begins in `steps`
    lengths: Tensor  # (N,) int64
    targets: Tensor  # (N,) int64, (N, D) or (N, C) float; (S,) int64 or (S, D) float where `per_step`
    per_step: bool = False
    scored: Tensor | None = None  # (S,) bool, only where `per_step`; None: every step counts
    names: Sequence[str] | None = None  # what a message or a figure calls each sequence
    groups: Sequence[str] | None = None  # N of them (speakers, say), none of which is ever on two sides of a split
    series: Tensor | None = None  # (N,) int64: equal for neighbours that are windows of one series, each of which goes
    # on where the one before ends; a model then carries its state from window to window. None: it never does

    @classmethod
    def of(
        cls,
        inputs: Sequence[Tensor],
        targets: Tensor | Sequence[Tensor],
        *,
        scored: Sequence[Tensor] | None = None,
        names: Sequence[str] | None = None,
        groups: Sequence[str] | None = None,
        series: Tensor | None = None,
    ) -> "Sequences":
        """From (T, F) inputs and their targets: a tensor of N rows, or a list of one (T, …) tensor each."""
        if not len(inputs):
            raise WrongInput("the data set has no sequences")
        lengths = torch.tensor([len(steps) for steps in inputs])
        if int(lengths.min()) == 0:
            raise WrongInput(f"sequence {_first(lengths == 0, names)} has no steps: remove it")
        per_step = not isinstance(targets, Tensor)
        return cls(
            steps=torch.cat(list(inputs)).float(),
            starts=lengths.cumsum(0) - lengths,
            lengths=lengths,
            targets=torch.cat(list(targets)) if not isinstance(targets, Tensor) else targets,
            per_step=per_step,
            scored=torch.cat(list(scored)) if scored is not None else None,
            names=tuple(names) if names is not None else None,
            groups=tuple(groups) if groups is not None else None,
            series=series,
        )

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def features(self) -> int:
        return self.steps.shape[1]

    @cached_property
    def longest(self) -> int:
        return int(self.lengths.max())

    @cached_property
    def shortest(self) -> int:
        return int(self.lengths.min())

    @cached_property
    def _rows(self) -> Tensor | None:
        """Where each sequence is in `steps` seen as (rows, T, F), so that a batch is one gather of rows.

        None where lengths differ.
        """
        if self.shortest != self.longest or len(self.steps) % self.longest:
            return None
        return self.starts // self.longest if not (self.starts % self.longest).any() else None

    @cached_property
    def _by_rows(self) -> tuple[Tensor, Tensor, Tensor | None]:
        """Where lengths are equal, steps (rows, T, F); of a target and a mask a step, these too by rows."""
        steps = self.steps.view(-1, self.longest, self.features)
        if not self.per_step:
            return steps, self.targets, None
        scored = (
            torch.ones(len(self.steps), dtype=torch.bool, device=self.steps.device)
            if self.scored is None
            else self.scored
        )
        return steps, self.targets.view(*steps.shape[:2], *self.targets.shape[1:]), scored.view(steps.shape[:2])

    def batch(self, indices: Tensor, longest: int | None = None, *, views: bool = False) -> Batch:
        """The sequences at `indices` (B,) int64, padded with zeros to the longest of them.

        Args:
            longest: its steps, where they are known: asking a GPU waits until it has done all it was told to.
            views: whether inputs that lie in a row, on the CPU, are the set's own, which nothing may write to.
        """
        if self._rows is not None:
            return self._equal_lengths(indices, self._rows[indices], views=views)
        lengths = self.lengths[indices]
        longest = int(lengths.max()) if longest is None else longest
        valid = valid_steps(lengths, longest)
        padding = ~valid
        where = self.starts[indices][:, None] + torch.arange(longest, device=indices.device)
        where = where.masked_fill(padding, 0)  # padding reads step 0 and is zeroed below
        inputs = self.steps[where].masked_fill(padding[:, :, None], 0)
        if not self.per_step:
            return Batch(inputs, lengths, self.targets[indices], None, indices)
        targets = self.targets[where]  # (B, T) or (B, T, D)
        targets = targets.masked_fill(padding if targets.dim() == 2 else padding[:, :, None], 0)
        scored = valid if self.scored is None else self.scored[where] & valid
        return Batch(inputs, lengths, targets, scored, indices)

    def _equal_lengths(self, indices: Tensor, rows: Tensor, *, views: bool) -> Batch:
        steps, targets, scored = self._by_rows
        inputs = _rows_of(steps, rows) if views else steps.index_select(0, rows)
        lengths = self.lengths.index_select(0, indices)
        if scored is None:
            return Batch(inputs, lengths, targets.index_select(0, indices), None, indices)
        return Batch(inputs, lengths, targets.index_select(0, rows), scored.index_select(0, rows), indices)

    def steps_of(self, indices: Tensor) -> Tensor:
        """(S', F): all steps of the sequences at `indices` (B,) int64, one after another, without padding."""
        lengths = self.lengths[indices]
        gaps = self.starts[indices] - (lengths.cumsum(0) - lengths)
        where = torch.arange(int(lengths.sum()), device=gaps.device) + gaps.repeat_interleave(lengths)
        return self.steps.index_select(0, where)

    def select(self, indices: Tensor) -> "Sequences":
        """Some of the sequences, sharing the steps."""
        return replace(
            self,
            starts=self.starts[indices],
            lengths=self.lengths[indices],
            targets=self.targets if self.per_step else self.targets[indices],
            names=_some(self.names, indices) if self.names is not None else None,
            groups=_some(self.groups, indices) if self.groups is not None else None,
            series=self.series[indices] if self.series is not None else None,
        )

    def moved(self, move: Callable[[Tensor], Tensor]) -> "Sequences":
        """The same set as tensors that `move` makes, such as copies on a GPU."""
        scored = None if self.scored is None else move(self.scored)
        steps, starts, lengths, targets = map(move, (self.steps, self.starts, self.lengths, self.targets))
        there = replace(self, steps=steps, starts=starts, lengths=lengths, targets=targets, scored=scored)
        there.batch(torch.zeros(1, dtype=torch.int64, device=there.lengths.device))  # asks once what batches share
        return there

    def name(self, index: int) -> str:
        return self.names[index] if self.names is not None else f"sequence {index}"


@dataclass(frozen=True)
class Sets:
    """What a data set hands over: everything that the rest of the program needs to know of it."""

    train: Sequences
    val: Sequences | None  # None: carved from the training set by `Loading`
    test: Sequences | None  # None: carved from the training set where there is a `test_fraction`
    predicts: Predicts
    classes: tuple[str, ...] = ()
    view: View = "curve"  # how figures show one sequence
    normalize: Callable[[Sequences], Statistics] | None = None  # given the training set
    scale_targets: bool = False  # values: learn them standardised by the training set; metrics keep their units
    change_from: tuple[
        int, ...
    ] = ()  # (D,) features from whose last step each value is learnt as a change, with all inputs relative to it
    scaled_by: tuple[float, ...] = ()  # (D,) values: what errors are divided by in metrics that are told as well
    columns: tuple[str, ...] = ()  # of a table: the names of those that are learnt from
    augment: Callable[[Batch, Draws], Batch] | None = None  # training batches only
    fit_augment: Callable[[Sequences], Callable[[Batch, Draws], Batch] | None] | None = None  # given the training set
    test_fraction: float = 0.0  # share of the training set to test on, by the seed, where `test` is None
    published: bool = False  # others use this split too: what is on two sides of it is told, not refused
    ordered: bool = False  # sequences overlap in time: what is carved are the last ones, and there are no folds


def feature_statistics(train: Sequences) -> Statistics:
    """Mean and standard deviation of each feature over all valid steps; 1 where a feature never changes."""
    return _statistics(train.steps_of(indices) for indices in torch.split(torch.arange(len(train)), 256))


def change_statistics(train: Sequences) -> Statistics:
    """The same of each feature's difference to the last step of its sequence, where changes are learnt."""
    batches = (train.batch(indices) for indices in torch.split(torch.arange(len(train)), 256))
    return _statistics(
        (b.inputs - last_step(b.inputs, b.lengths))[valid_steps(b.lengths, b.inputs.shape[1])] for b in batches
    )


def target_statistics(train: Sequences, change_from: Sequence[int] = ()) -> Statistics:
    """The same of each value that is to be predicted, over everything scored; of its change where that is learnt."""
    batches = (train.batch(indices) for indices in torch.split(torch.arange(len(train)), 256))
    if change_from:
        return _statistics(b.targets - last_step(b.inputs, b.lengths)[:, 0, list(change_from)] for b in batches)
    return _statistics(b.targets if b.scored is None else b.targets[b.scored] for b in batches)


def last_step(inputs: Tensor, lengths: Tensor) -> Tensor:
    """(B, T, F) -> (B, 1, F), the last valid step of each."""
    return inputs.gather(1, (lengths - 1)[:, None, None].expand(-1, 1, inputs.shape[2]))


def _rows_of(steps: Tensor, rows: Tensor) -> Tensor:
    """The rows (B,) of steps (N, T, F), themselves where they are neighbours."""
    first, end = int(rows[0]), int(rows[0]) + len(rows)
    return steps[first:end] if torch.equal(rows, torch.arange(first, end)) else steps.index_select(0, rows)


def _statistics(pieces: Iterator[Tensor]) -> Statistics:
    """Of the rows of (rows, F) pieces, since a set may be larger than memory; Chan, Golub and LeVeque (1979)."""
    mean = deviations = torch.zeros((), dtype=torch.float64)
    count = 0
    for steps in pieces:
        squares, piece = torch.var_mean(steps, dim=0, correction=0)
        total, apart = count + len(steps), piece.double() - mean
        deviations = deviations + squares.double() * len(steps) + apart.square() * (count * len(steps) / total)
        mean, count = mean + apart * (len(steps) / total), total
    std = (deviations / count).sqrt()
    return Statistics(mean.float(), torch.where(std > 1e-6 * mean.abs() + 1e-12, std, 1.0).float())


def _some(names: Sequence[str], indices: Tensor) -> Sequence[str]:
    return names.select(indices) if isinstance(names, Texts) else tuple(names[i] for i in indices.tolist())


def _first(which: Tensor, names: Sequence[str] | None) -> str:
    position = int(which.nonzero()[0])
    return names[position] if names is not None else str(position)
