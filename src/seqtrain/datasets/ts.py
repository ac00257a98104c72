"""Time series of the UCR and UEA archives, and whatever is in their formats, with the published split."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Literal, TextIO

from torch import Tensor

from seqtrain.datasets.published_split import find_split
from seqtrain.datasets.series import Series
from seqtrain.datasets.series_augment import Changes, series_augment
from seqtrain.datasets.series_file import Target, open_series
from seqtrain.datasets.series_set import SeriesSet, read_whole
from seqtrain.datasets.standard import standard
from seqtrain.errors import WrongInput
from seqtrain.items import Item
from seqtrain.missing import Missing, fill_missing, statistics_beside_marks
from seqtrain.ranges import Fraction, NonNegative
from seqtrain.sequences import Sequences, Sets, feature_statistics


class Ts:
    """Series (T, F) of any lengths with a class or a value each, from .ts, .tsv or .txt files.

    .ts: https://www.aeon-toolkit.org/en/stable/api_reference/file_specifications/ts.html, with F dimensions,
    for classification and regression. .tsv and .txt: rows of a label and the values of one feature, with tabs
    or white space between; NaN at the end of a row fills up a shorter series and is taken off. The training
    and the test set are files of their own (Dau et al. 2019; Bagnall et al. 2018).

    Raises WrongInput, naming file and line, where a file is cut or damaged, its header is not true of it, a
    value is infinite or beyond 1e15, or the test file has a label or a number of features that the training
    file has not.

    Args:
        folder: where the files are; a relative name is looked up under `root`
        root: the folder of all data
        name: of the data set, whose files are NAME_TRAIN.ts and NAME_TEST.ts (or .tsv, .txt), in the folder or
            its sub-folder of that name; null: the only one that the folder holds
        train: name of the training file, where it is called otherwise
        test: name of the test file, where `train` is given; null: no test set
        target: whether a label is a class or a value to predict; auto: as a .ts file says, else a class
        normalize: features: by mean and deviation of each feature over the training set; series: by those of
            each series alone; none
        missing: refuse missing values, interpolate them along time, or put 0 there with an indicator, one more
            feature for each that is 1 where it is missing
        jitter: noise in training, in standard deviations of each feature (Um et al. 2017)
        scaling: of each feature about its mean, in training, by random factors of this deviation around 1
        crop: largest share of a series that is left out in training, before and after a random window
    """

    def __init__(
        self,
        *,
        folder: str,
        root: str = "data",
        name: str | None = None,
        train: str | None = None,
        test: str | None = None,
        target: Target = "auto",
        normalize: Literal["features", "series", "none"] = "features",
        missing: Missing = "refuse",
        jitter: NonNegative = 0.0,
        scaling: NonNegative = 0.0,
        crop: Fraction = 0.0,
    ) -> None:
        self.folder = folder
        self.root = root
        self.name = name
        self.train = train
        self.test = test
        self.target: Target = target
        self.normalize = normalize
        self.missing: Missing = missing
        self.changes = Changes(jitter, scaling, crop)

    def load(self, seed: int) -> Sets:
        files = find_split(self.root, self.folder, name=self.name, train=self.train, test=self.test)
        train = read_whole(files[0], self.target)
        test = read_whole(files[1], self.target, like=train) if files[1] is not None else None
        classes = train.classes() if train.kind == "class" else ()
        normalize = statistics_beside_marks if self.missing == "indicator" else feature_statistics
        return Sets(
            train=self._sequences(train, classes),
            val=None,
            test=self._sequences(test, classes) if test is not None else None,
            predicts="classes" if train.kind == "class" else "values",
            classes=classes,
            normalize=normalize if self.normalize == "features" else None,
            scale_targets=train.kind == "value",
            published=self.train is None,
            fit_augment=partial(series_augment, changes=self.changes, marked=self.missing == "indicator"),
        )

    def read_inputs(self, source: Path | TextIO) -> Iterator[Item]:
        """The series of a file, one at a time, as they are learnt from; their labels, if any, are not looked at.

        A stream is read as .ts. An id is the file's name and the line. Raises WrongInput for a header that
        cannot be read; what is wrong with one line is that line's item.
        """
        file = open_series(source, self.target, known_labels=False)
        short = source.name if isinstance(source, Path) else "line"
        for number, series in file.series:
            try:
                yield (
                    f"{short}:{number}",
                    series if isinstance(series, WrongInput) else self._prepared(series, file.name),
                )
            except WrongInput as error:
                yield f"{short}:{number}", error

    def _sequences(self, some: SeriesSet, classes: tuple[str, ...]) -> Sequences:
        return Sequences.of(
            [self._prepared(series, str(some.path)) for series in some.series],
            some.targets(classes),
            names=[f"{some.path.name}:{series.number}" for series in some.series],
        )

    def _prepared(self, series: Series, file: str) -> Tensor:
        """(T, F) without missing values."""
        steps = standard(series.steps) if self.normalize == "series" else series.steps
        return fill_missing(steps, self.missing, name=f"{file}, line {series.number}")
