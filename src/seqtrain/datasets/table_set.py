"""What a table holds, whatever its layout: sequences with gaps, and what it says of each."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import polars as pl
import torch
from torch import Tensor

from seqtrain.datasets.table_rows import Floats, Ints
from seqtrain.errors import WrongInput
from seqtrain.nearest import listed


@dataclass(frozen=True)
class TableSet:
    """N sequences of a file, of S steps in all."""

    file: str
    unit: Literal["line", "row"]
    columns: list[str]  # F names; of the wide layout those of the steps
    steps: Tensor  # (S, F) float32, one sequence after another; NaN where a value is missing
    lengths: Tensor  # (N,) int64
    rows: Ints  # (N,) the rows they begin on
    ids: list[str] | None  # N names
    labels: pl.Series | None  # (N,), or (S,) where `per_step`; null where there is none; several with `;` between
    values: Floats | None  # (N, D) or (S, D), NaN where there is none; either this or labels
    target_rows: Ints  # (N,) or (S,) the rows those are on
    per_step: bool
    sides: pl.Series | None  # (N,)
    groups: pl.Series | None  # (N,)

    def __len__(self) -> int:
        return len(self.lengths)

    @cached_property
    def starts(self) -> Tensor:
        return self.lengths.cumsum(0) - self.lengths

    @cached_property
    def owners(self) -> Tensor:
        """(N,) or (S,) int64: the sequence of each target."""
        every = torch.arange(len(self))
        return every.repeat_interleave(self.lengths) if self.per_step else every

    @cached_property
    def names(self) -> list[str]:
        return self.ids if self.ids is not None else [f"{Path(self.file).name}:{row}" for row in self.rows]

    def place(self, sequence: int) -> str:
        return f"{self.file}, {self.unit} {self.rows[sequence]}"

    def target_place(self, target: int) -> str:
        return f"{self.file}, {self.unit} {self.target_rows[target]}"

    def __str__(self) -> str:
        low, high = int(self.lengths.min()), int(self.lengths.max())
        steps = f"{low}" if low == high else f"{low} to {high}"
        features = self.steps.shape[1]
        wide = len(self.columns) > features  # then the columns are steps, and one that is none is seen here
        of = f" in the columns {self.columns[0]} to {self.columns[-1]}" if wide else ""
        names = "" if wide else f" ({listed(self.columns, 12)})"
        count = f"{features} feature{'s' * (features != 1)}"
        return f"{self.file}: read {len(self):,} sequences of {steps} steps{of}, {count}{names}"

    def check_like(self, other: "TableSet") -> None:
        """WrongInput where there is nothing to learn from, or other columns than in the training file."""
        if self.columns == other.columns:
            return
        gone = [name for name in other.columns if name not in self.columns]
        more = [name for name in self.columns if name not in other.columns]
        differs = f"no column {gone[0]!r}" if gone else f"a column {more[0]!r}" if more else "columns in another order"
        raise WrongInput(
            f"{self.file} has {differs} ({len(self.columns)} to learn from), unlike {other.file} "
            f"({len(other.columns)}): files of one data set need the same"
        )
