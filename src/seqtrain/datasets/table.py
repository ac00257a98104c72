"""Sequences from tables of the user's own: CSV, TSV and Parquet in three layouts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, TextIO

from seqtrain.batch import Predicts
from seqtrain.datasets.folder_labels import Side
from seqtrain.datasets.series_augment import Changes, series_augment
from seqtrain.datasets.table_file import FORMS
from seqtrain.datasets.table_forecast import forecast_sets
from seqtrain.datasets.table_long import read_long
from seqtrain.datasets.table_long_stream import stream_long
from seqtrain.datasets.table_roles import Normalize, Roles
from seqtrain.datasets.table_split import make_sets
from seqtrain.datasets.table_wide import read_wide, stream_wide
from seqtrain.datasets.table_windows import Cut, read_series, stream_windows
from seqtrain.datasets.table_windows_settings import check_windows
from seqtrain.errors import WrongInput
from seqtrain.items import Item
from seqtrain.missing import Missing
from seqtrain.nearest import listed
from seqtrain.ranges import Count, Fraction, NonNegative, Positive
from seqtrain.sequences import Sets

Layout = Literal["wide", "long", "windows"]


class Table:
    """Sequences (T, F) from a table whose first line names its columns.

    wide: a row is a series of one feature, F = 1, and its steps are the columns that are nothing else, in the file's
    order; empty cells at its end are no steps. long: a row is a step, and the rows of one id are a sequence. windows:
    the file is one series in order of time, cut into windows of `context` rows from which the `target` up to
    `horizon` rows later is predicted; windows may reach back into the part before theirs, their targets never.

    Cells are empty, NaN, NA, N/A, null, none or ? where a value is missing.

    Raises WrongInput, naming file, row and column, where a file is empty or cut, a row has too few or too many cells,
    a cell is no number, infinite or beyond 1e15, a label is new in the validation or test set, or a group is on two
    sides; and where a column is not there, listing those that are.

    Args:
        train: the file to train on: .csv, .tsv, .txt or .parquet; a relative name is looked up in the folder
        val: a file to validate on; null: part of the training file
        test: a file to test on; null: part of the training file
        folder: where the files are; a relative name is looked up under `root`
        root: the folder of all data
        layout: what a row is
        target: the column to predict; of values and labels also several columns
        predicts: classes, labels or values of whole sequences, or step_classes or step_values of every step; auto:
            classes, or where layout is windows values. labels are any number in one column with ; between them, or
            columns of 0 and 1
        features: columns to learn from; null: all that are nothing else, and for windows the target too
        id: column that names sequences; rows of a long table with one id are one sequence
        time: column with numbers or dates; a long table is put in its order, windows have to be; null: as the file is
        group: column whose value (a patient, say) never is on two sides of the split
        split: column that says train, val or test
        test_fraction: share to test on where neither file nor column says it, of each class alike
        normalize: features: by mean and deviation of each feature over the training set; series: by those of each
            sequence alone; none
        missing: refuse missing values, interpolate them along time, or put 0 there with an indicator, one more
            feature for each that is 1 where it is missing
        jitter: noise in training, in standard deviations of each feature (Um et al. 2017)
        scaling: of each feature about its mean, in training, by random factors of this deviation around 1
        crop: largest share of a sequence that is left out in training, before and after a random window, with the
            targets of its steps
        context: rows of a window
        horizon: rows from a window's last to the furthest that is predicted
        points: predict all rows of the horizon, or the last only
        stride: rows from one window to the next
        forecast: learn the value itself, or its change from the window's last, to which all inputs are then relative
            (NLinear; Zeng et al. 2023); predictions and metrics are of the value in either case
        carry_state: whether a model's state is carried from window to window, each of which then begins where the one
            before ends: stride has to be context
        rows: how many rows of windows are for train, val and test, in this order, or shares of them; null: shares of
            0.7, 0.1 and 0.2; what has a file of its own does not count
    """

    def __init__(
        self,
        *,
        train: str,
        val: str | None = None,
        test: str | None = None,
        folder: str = ".",
        root: str = "data",
        layout: Layout = "wide",
        target: str | list[str],
        predicts: Literal["auto", "classes", "labels", "values", "step_classes", "step_values"] = "auto",
        features: list[str] | None = None,
        id: str | None = None,  # noqa: A002 (as it is typed)
        time: str | None = None,
        group: str | None = None,
        split: str | None = None,
        test_fraction: Fraction = 0.2,
        normalize: Normalize = "features",
        missing: Missing = "refuse",
        jitter: NonNegative = 0.0,
        scaling: NonNegative = 0.0,
        crop: Fraction = 0.0,
        context: Count = 96,
        horizon: Count = 1,
        points: Literal["all", "last"] = "all",
        stride: Count = 1,
        forecast: Literal["value", "change"] = "value",
        carry_state: bool = False,
        rows: list[Positive] | None = None,
    ) -> None:
        self.layout: Layout = layout
        told: Predicts = ("values" if layout == "windows" else "classes") if predicts == "auto" else predicts
        self.roles = Roles(
            target=[target] if isinstance(target, str) else target,
            predicts=told,
            features=features,
            id=id,
            time=time,
            group=group,
            split=split,
            missing=missing,
            normalize=normalize,
        )
        self.changes = Changes(jitter, scaling, crop)
        self.cut = Cut(
            context=context, horizon=horizon, stride=stride, points=points, forecast=forecast, carry_state=carry_state
        )
        self.rows = rows
        self.folder = Path(root).expanduser() / Path(folder).expanduser()
        self.files: dict[Side, str] = {"train": train}
        self.files |= {"val": val} if val is not None else {}
        self.files |= {"test": test} if test is not None else {}
        self.test_fraction = test_fraction
        self._check()

    @property
    def carry_state(self) -> bool:
        return self.cut.carry_state

    def load(self, seed: int) -> Sets:
        marked = self.roles.missing == "indicator"
        return replace(self._sets(), fit_augment=partial(series_augment, changes=self.changes, marked=marked))

    def _sets(self) -> Sets:
        paths = {side: self._path(side, name) for side, name in self.files.items()}
        if self.layout == "windows":
            series = {side: read_series(path, self.roles) for side, path in paths.items()}
            return forecast_sets(series, self.roles, self.cut, self.rows)
        read = read_wide if self.layout == "wide" else read_long
        tables = {side: read(path, self.roles) for side, path in paths.items()}
        for table in tables.values():
            table.check_like(tables["train"])
        return make_sets(tables, self.roles, test_fraction=self.test_fraction)

    def learnt_from(self, columns: Sequence[str]) -> None:
        """Have `read_inputs` find these columns by their names, which a model was trained on, beside any others."""
        self.roles = replace(self.roles, features=list(columns), features_of="a column that the model learnt from")

    def read_inputs(self, source: Path | TextIO) -> Iterator[Item]:
        """The sequences of a file, one at a time, as they are learnt from; targets need not be there.

        A stream is read as CSV. An id is what the column `id` says, or the file's name and the row; of windows,
        whose context ends with each row in turn, the row's time. Raises WrongInput where the file cannot be read on.
        """
        if self.layout == "windows":
            return stream_windows(source, self.roles, self.cut)
        return (stream_wide if self.layout == "wide" else stream_long)(source, self.roles)

    def _check(self) -> None:
        """WrongInput for settings that cannot be meant together."""
        roles = self.roles
        if not roles.target or len({*roles.target}) < len(roles.target):
            raise WrongInput(f"target is {roles.target}: name one column, or several once each")
        if roles.features is not None and (not roles.features or len({*roles.features}) < len(roles.features)):
            raise WrongInput(f"features are {roles.features}: name columns once each, or set data.features=null")
        if roles.classes and len(roles.target) > 1:
            raise WrongInput(
                f"target names {len(roles.target)} columns, but a class is in one: set data.predicts=values or labels"
            )
        if self.layout == "long" and roles.id is None:
            raise WrongInput("id is null but layout is long: set data.id to the column that names sequences")
        if roles.per_step and self.layout != "long":
            raise WrongInput(
                f"predicts is {roles.predicts} but layout is {self.layout}: targets of steps are read from long tables"
            )
        if self.layout == "windows":
            check_windows(roles, self.cut, self.changes, self.rows)
        elif roles.time is not None and self.layout == "wide":
            raise WrongInput(
                f"time is {roles.time} but layout is wide, where a row is a series: set data.layout=long where a row "
                "is a step, data.layout=windows where the file is one series to forecast, or data.time=null"
            )
        else:
            defaults = Table.__init__.__kwdefaults__ or {}
            for name, value in vars(self.cut).items():
                if value != defaults[name]:
                    raise WrongInput(f"{name} is {value} but layout is {self.layout}: set data.layout=windows")
            if self.rows is not None:
                raise WrongInput(f"rows are given but layout is {self.layout}: set data.layout=windows")
        for side in ("val", "test"):
            if roles.split is not None and side in self.files:
                raise WrongInput(f"split is {roles.split} and {side} has a file: set data.split or data.{side} to null")
        for setting in ("id", "time", "group", "split"):
            name = getattr(roles, setting)
            if name in roles.target or name in (roles.features or ()):
                raise WrongInput(f"{setting} is {name}, which is a target or feature too: a column is one of them")

    def _path(self, side: Side, name: str) -> Path:
        path = self.folder / Path(name).expanduser()
        if path.is_file():
            return path
        if Path(name).is_file():
            raise WrongInput(
                f"{side} is {name}, which is here and not in {self.folder.absolute()}: set data.root=. data.folder=."
            )
        found = sorted(each.name for each in path.parent.glob("*") if each.suffix.lower() in FORMS)
        there = f"that folder holds {listed(found, 5)}" if found else "that folder holds no tables"
        there = there if path.parent.is_dir() else "nor is there that folder"
        raise WrongInput(
            f"{side} is {name}, but there is no file {path.absolute()}; {there}: give an absolute path, or one in "
            "data.folder under data.root (the environment variable SEQTRAIN_DATA)"
        )
