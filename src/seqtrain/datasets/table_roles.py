"""Which columns of a table are what: learnt from, predicted, and what they say of a sequence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from seqtrain.batch import Predicts
from seqtrain.datasets.standard import standard
from seqtrain.datasets.table_file import TableFile
from seqtrain.missing import Missing, fill_missing, statistics_beside_marks
from seqtrain.sequences import Sequences, Statistics, feature_statistics

Normalize = Literal["features", "series", "none"]


@dataclass(frozen=True)
class Roles:
    """Names of columns; `Table` says what they mean."""

    target: list[str]
    predicts: Predicts
    features: list[str] | None
    id: str | None
    time: str | None
    group: str | None
    split: str | None
    missing: Missing
    normalize: Normalize
    features_of: str = "features"  # the setting, or what else names the features

    @property
    def classes(self) -> bool:
        return self.predicts in ("classes", "step_classes")

    @property
    def worded(self) -> bool:
        """Whether what is predicted is words in one column, and not numbers in any."""
        return self.classes or (self.predicts == "labels" and len(self.target) == 1)

    @property
    def per_step(self) -> bool:
        return self.predicts in ("step_classes", "step_values")

    def learnt(self, file: TableFile, *, target_too: bool = False) -> list[str]:
        """The columns to learn from: those named, or all that are nothing else."""
        if self.features is not None:
            return [file.column(self.features_of, name) for name in self.features]
        return file.others([self.id, self.time, self.group, self.split, *([] if target_too else self.target)])

    def check(self, file: TableFile) -> None:
        """WrongInput where a file to learn from lacks a column that a setting names."""
        for name in self.target:
            file.column("target", name)
        for setting in ("id", "time", "group", "split"):
            name = getattr(self, setting)
            if name is not None:
                file.column(setting, name)

    def prepared(self, steps: Tensor, name: str, features: Sequence[str] | None = None) -> Tensor:
        """A sequence (T, F) as it is learnt from: on its own scale where asked, and without gaps."""
        return fill_missing(
            standard(steps) if self.normalize == "series" else steps, self.missing, name=name, features=features
        )

    def statistics(self) -> Callable[[Sequences], Statistics] | None:
        """What normalising needs of the training set."""
        if self.normalize != "features":
            return None
        return statistics_beside_marks if self.missing == "indicator" else feature_statistics

    def said(self, columns: Sequence[str]) -> list[str]:
        """Of the columns those that say something of a sequence, or of its steps."""
        asked = {self.id, self.time, self.group, self.split, *(self.target if self.worded else [])}
        return [name for name in columns if name in asked]
