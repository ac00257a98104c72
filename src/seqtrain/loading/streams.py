"""Batches whose rows go on from batch to batch: the windows of series, side by side and in order."""

import heapq
from collections.abc import Iterator, Sequence
from copy import copy
from typing import overload

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from seqtrain.errors import WrongInput
from seqtrain.loading.order import epoch_order
from seqtrain.loading.settings import Loading
from seqtrain.sequences import Sets


class Streams(Sequence[Tensor]):
    """Batch t holds window t of every stream that has so many: M streams are M rows.

    The longest streams come first, so that a stream keeps its row, and those that have ended leave the last ones.

    Args:
        streams: (T,) int64 each: windows of one series after another, by their place in the set
        series: (N,) int64: of each window
    """

    def __init__(self, streams: Sequence[Tensor], series: Tensor) -> None:
        streams = sorted(streams, key=len, reverse=True)
        lengths = torch.tensor([len(stream) for stream in streams])
        self._windows = pad_sequence(list(streams))  # (T, M)
        self._rows = (lengths > torch.arange(len(self._windows))[:, None]).sum(1)  # (T,)
        before, after = self._windows[:-1], self._windows[1:]
        goes_on = (after == before + 1) & (series[after] == series[before])
        self._continues = torch.cat([torch.zeros_like(self._windows[:1], dtype=torch.bool), goes_on])
        self._which = range(len(self._windows))

    def __len__(self) -> int:
        return len(self._which)

    @overload
    def __getitem__(self, index: int) -> Tensor: ...
    @overload
    def __getitem__(self, index: slice) -> "Streams": ...
    def __getitem__(self, index: int | slice) -> "Tensor | Streams":
        if isinstance(index, slice):
            part = copy(self)
            part._which = self._which[index]
            return part
        place = self._which[index]
        return self._windows[place, : self._rows[place]]

    def continues(self) -> Iterator[Tensor]:
        """(B,) bool for each batch: what goes on from its row of the batch before."""
        for place in self._which:
            yield self._continues[place, : self._rows[place]]


def epoch_streams(series: Tensor, rows: int, *, seed: int, epoch: int) -> Streams:
    """Streams to train on, equally long but for one window: an epoch has as many batches as if nothing were carried.

    All series come after one another, in an order of the epoch's own, and that is cut into so many stretches; a
    stretch may begin within a series.

    Args:
        series: (N,) int64: of each window
    """
    windows = _windows_of_each(series)
    every = torch.cat([windows[which] for which in epoch_order(len(windows), seed=seed, epoch=epoch).tolist()])
    return Streams(torch.tensor_split(every, min(rows, len(every))), series)


def whole_streams(series: Tensor, rows: int) -> Streams:
    """Streams to validate and test on: no series is cut, so that the number of rows changes no answer.

    Args:
        series: (N,) int64: of each window
    """
    windows = _windows_of_each(series)
    streams: list[list[Tensor]] = [[] for _ in range(min(rows, len(windows)))]
    ends = [(0, row) for row in range(len(streams))]
    for each in windows:
        end, row = heapq.heappop(ends)  # the stream that ends first
        streams[row].append(each)
        heapq.heappush(ends, (end + len(each), row))
    return Streams([torch.cat(stream) for stream in streams], series)


def check_streams(sets: Sets, loading: Loading) -> None:
    """WrongInput where windows that go on from one another would be put in another order, or taken apart."""
    given = [part for part in (sets.train, sets.val, sets.test) if part is not None]
    carried = [part.series is not None for part in given]
    if not any(carried):
        return
    if not all(carried):
        raise WrongInput("a state is carried in some sets and not in others: give all the data's sets a `series`")
    if loading.length_pool > 1:
        raise WrongInput(
            f"length_pool is {loading.length_pool} but carry_state keeps windows in order: set data.length_pool=1"
        )
    if loading.balanced:
        raise WrongInput("balanced is true but carry_state keeps windows in order: set data.balanced=false")
    if loading.mixup:
        raise WrongInput(f"mixup is {loading.mixup} but carry_state has each row's own series go on: set data.mixup=0")
    if loading.fold is not None:
        raise WrongInput(
            "fold is set but carry_state keeps the windows of a series together: set data.fold=null data.folds=null"
        )
    carves = [sets.val is None and loading.val_fraction > 0, sets.test is None and sets.test_fraction > 0]
    if any(carves) and not sets.ordered:
        raise WrongInput(
            "windows that go on from one another cannot be carved at random: give the data sets of their own to "
            "validate and test on, or say in `Sets` that it is ordered"
        )


def _windows_of_each(series: Tensor) -> tuple[Tensor, ...]:
    _, sizes = torch.unique_consecutive(series, return_counts=True)
    return torch.split(torch.arange(len(series)), sizes.tolist())
