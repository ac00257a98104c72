"""A training or test file of series as a whole, checked against the other: its series, classes and targets."""

import logging
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from seqtrain.datasets.folder_labels import in_order
from seqtrain.datasets.series import Series, is_fraction, target_value
from seqtrain.datasets.series_file import Target, open_series
from seqtrain.errors import WrongInput

_FIT = "the training and test file have to be of one data set"
_log = logging.getLogger("seqtrain")


class SeriesSet(NamedTuple):
    """What a training or test file holds."""

    path: Path
    kind: str
    labels: tuple[str, ...] | None  # those that its header lists
    labels_line: int
    series: list[Series]

    @property
    def features(self) -> int:
        return self.series[0].steps.shape[1]

    def targets(self, classes: tuple[str, ...]) -> Tensor:
        """(N,) int64, or (N, 1) float32 where there are no classes."""
        places = [f"{self.path}, line {series.number}" for series in self.series]
        if not classes:
            values = [target_value(series.label, place) for series, place in zip(self.series, places, strict=True)]
            return torch.tensor(values)[:, None]
        index = {label: position for position, label in enumerate(classes)}
        for series, place in zip(self.series, places, strict=True):
            if series.label not in index:
                raise WrongInput(
                    f"{place} has the label {series.label!r}, which no series of the training file has: take it out, "
                    "or add such series there"
                )
        return torch.tensor([index[str(series.label)] for series in self.series])

    def classes(self) -> tuple[str, ...]:
        """The labels of a training file, in order."""
        for series in self.series:
            if self.labels is None and is_fraction(str(series.label)):
                raise WrongInput(
                    f"{self.path}, line {series.number} has the label {series.label}, which looks like a value: set "
                    "data.target=value task=regression to predict values, or name the classes otherwise"
                )
        counts = Counter(str(series.label) for series in self.series)
        if gone := [label for label in self.labels or () if label not in counts]:
            raise WrongInput(
                f"{self.path}, line {self.labels_line} lists the label {gone[0]!r}, which no series there has (the "
                f"last is in line {self.series[-1].number}): the file may be cut; fetch it again, or take the label out"
            )
        if len(counts) < 2:
            raise WrongInput(f"all {len(self.series)} series of {self.path} have one label: two are the least")
        return tuple(in_order(list(counts)))


def read_whole(path: Path, target: Target, like: SeriesSet | None = None) -> SeriesSet:
    """All series of a file, which has to fit those of the training file that it is to be `like`.

    Raises WrongInput, naming file and line, where anything in it is wrong, or where it has no series or labels.
    """
    file = open_series(path, target)
    if file.kind == "none":
        raise WrongInput(f"{path} has series without labels: give a file to learn from")
    if like is not None and file.kind != like.kind:
        raise WrongInput(f"{path} has a {file.kind} for each series, but {like.path} a {like.kind}: {_FIT}")
    found: list[Series] = []
    for number, series in file.series:
        if isinstance(series, WrongInput):
            raise series
        features = series.steps.shape[1]
        if like is not None and features != like.features:
            raise WrongInput(
                f"{path}, line {number} has {features} dimensions, but {like.path} has {like.features}: {_FIT}"
            )
        found.append(series)
    if not found:
        raise WrongInput(f"{path} has no series: fetch it again")
    lengths = sorted({len(series.steps) for series in found})
    steps = f"{lengths[0]}" + (f" to {lengths[-1]}" if lengths[1:] else "")
    features = found[0].steps.shape[1]
    _log.info(f"{path}: read {len(found):,} series of {steps} steps, {features} feature{'s' * (features != 1)}")
    return SeriesSet(path, file.kind, file.header.labels, file.header.labels_line, found)
