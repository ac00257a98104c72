"""What is known of each file of a data set: its label or labels, its side of the split, its group."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from seqtrain.datasets.folder_labels import (
    Row,
    Side,
    found_in,
    in_order,
    parent_labels,
    pattern,
    read_table,
    sides_by_list,
    sides_by_pattern,
)
from seqtrain.errors import WrongInput
from seqtrain.labels import as_targets, separated


@dataclass(frozen=True)
class Facts:
    """N files: what they are called, what they are, and what they are for."""

    names: tuple[str, ...]  # relative to the data set's folder
    labels: tuple[str, ...]  # where there are `several`, with `;` between
    sides: tuple[Side | None, ...]  # None: not said, which is to train
    groups: tuple[str, ...] | None
    several: bool = False  # whether each has any number of labels

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(in_order([label for said in self.labels for label in self.of(said)]))

    def of(self, said: str) -> list[str]:
        """The labels that are said of a file."""
        return separated(said) if self.several else [said]

    def targets(self) -> Tensor:
        """(N,) int64, or (N, C) float32 where there are several"""
        if self.several:
            return as_targets([self.of(said) for said in self.labels], self.classes)
        index = {label: position for position, label in enumerate(self.classes)}
        return torch.tensor([index[label] for label in self.labels])

    def select(self, which: Sequence[int]) -> "Facts":
        return Facts(
            names=tuple(self.names[i] for i in which),
            labels=tuple(self.labels[i] for i in which),
            sides=tuple(self.sides[i] for i in which),
            groups=tuple(self.groups[i] for i in which) if self.groups is not None else None,
            several=self.several,
        )


class Naming:
    """How labels, split and groups are told; `AudioFolder` says what the settings mean.

    Raises WrongInput where a pattern is no regular expression, or has not the one group that it needs.
    """

    def __init__(
        self,
        *,
        label: str | None,
        table: str | None,
        val: str | None,
        test: str | None,
        group: str | None,
        val_list: str | None = None,
        test_list: str | None = None,
    ) -> None:
        if (val_list or test_list) and (val or test):
            raise WrongInput("val_list or test_list is given, and val or test says the split too: set those to null")
        self.label = pattern("label", label, group=True) if label is not None else None
        self.table = table
        self.val = pattern("val", val, group=False) if val is not None else None
        self.test = pattern("test", test, group=False) if test is not None else None
        self.group = pattern("group", group, group=True) if group is not None else None
        self.lists = val_list, test_list

    def facts(self, folder: Path, names: Sequence[str]) -> Facts:
        """The facts of those names that the table lists, or of all where there is no table."""
        rows = read_table(folder / self.table) if self.table is not None else {}
        missing = sorted(set(rows) - set(names))
        if missing:
            raise WrongInput(
                f"{folder / str(self.table)} names {missing[0]}, which is no audio file in {folder} "
                f"({len(missing)} such lines): names there are relative to that folder"
            )
        names = [name for name in names if name in rows] if rows else names
        return Facts(
            names=tuple(names),
            labels=tuple(self._labels(names, [rows[name] for name in names] if rows else [])),
            sides=tuple(self._sides(folder, names, [rows[name] for name in names] if rows else [])),
            groups=tuple(found_in(names, self.group, "group")) if self.group is not None else None,
            several=self.label is None and any(row.several for row in rows.values()),
        )

    def _labels(self, names: Sequence[str], rows: Sequence[Row]) -> list[str]:
        if self.label is not None:
            return found_in(names, self.label, "label")
        told = [row.label for row in rows if row.label is not None]
        return told or parent_labels(names)

    def _sides(self, folder: Path, names: Sequence[str], rows: Sequence[Row]) -> list[Side | None]:
        told = [row.side for row in rows]
        if not any(told) and any(self.lists):
            return sides_by_list(folder, names, *self.lists)
        if not any(told):
            return sides_by_pattern(names, self.val, self.test)
        if self.val is not None or self.test is not None or any(self.lists):
            raise WrongInput(
                f"data.table={self.table} has a column 'split', and data.val or data.test (or a list) says the split "
                "too: set data.val=null data.test=null, or take the column out"
            )
        return told


def check_sides(facts: Facts, place: Path) -> None:
    """WrongInput, naming the place, where there is one class only, or one that is not in the training set."""
    if facts.several and not facts.classes:
        raise WrongInput(f"{place}: no file has a label: fill in the column 'labels'")
    if len(facts.classes) < 2 and not facts.several:
        raise WrongInput(
            f"{place}: all {len(facts.names)} files have the label {facts.classes[0]!r}: two labels are the least"
        )
    said = [(facts.of(labels), side) for labels, side in zip(facts.labels, facts.sides, strict=True)]
    trained = {label for labels, side in said if side in (None, "train") for label in labels}
    for name, (labels, side) in zip(facts.names, said, strict=True):
        if new := [label for label in labels if label not in trained]:
            raise WrongInput(
                f"{place}: {name} ({side}) has the label {new[0]!r}, which no file of the training set has: "
                "leave it out or change the split"
            )
