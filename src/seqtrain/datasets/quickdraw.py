"""Drawings of people, from Quick, Draw! ndjson files or sketch-rnn npz files, one class a file."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, TextIO

import torch
from annotated_types import Ge
from torch import Tensor

from seqtrain.batch import Predicts
from seqtrain.datasets.drawing_files import check_names, choose, drawing_files
from seqtrain.datasets.drawing_inputs import read_drawings
from seqtrain.datasets.drawings import Shorten, from_ndjson, from_npz
from seqtrain.datasets.key_split import TEST, TRAIN, VAL, KeySplit
from seqtrain.datasets.simplify import shorten
from seqtrain.datasets.strokes import Redraw, step_scale
from seqtrain.downloads.named import fetch_drawings
from seqtrain.errors import WrongInput
from seqtrain.items import Item
from seqtrain.ranges import Count, Fraction, NonNegative
from seqtrain.sequences import Sequences, Sets
from seqtrain.store.cache import kept, key_of
from seqtrain.store.chunks import Chunk, Store

_SIDES = {"train": TRAIN, "val": VAL, "test": TEST}
_MATTER = ("label", "classes", "per_class", "drop_unrecognized", "points", "simplify")  # to what is stored
_log = logging.getLogger("seqtrain")


class QuickDraw:
    """Drawings as (dx, dy, pen) steps: F=3, T differs, classes = files or words.

    The pen is 1 where it is lifted after the point, as in sketch-rnn (Ha and Eck 2017). Reads a folder of
    Quick, Draw! ndjson, simplified or raw (https://github.com/googlecreativelab/quickdraw-dataset), or of
    sketch-rnn npz files. These bring their own split; ndjson files are split by patterns, which are regular
    expressions that are searched for in the key_id, or by the seed.

    Raises WrongInput, naming the file and the line or place in it, for whatever cannot be read, and where
    there are fewer than two classes or one has no training drawing.

    Args:
        folder: where the files are; a relative name is looked up under `root`
        root: the folder of all data
        label: the class is the file's name, or each line's word (ndjson)
        classes: names of those to read, in the order of their indices; null reads all, sorted
        per_class: drawings to read of each class (npz: and of each of its three sets), the first ones; null reads all
        unrecognized: keep or drop drawings that the game did not recognise (ndjson)
        points: steps of a drawing at most
        simplify: what shortens longer ones: rdp drops the points that matter least, cut drops the end
        val: pattern of the key_ids to validate on
        test: pattern of the key_ids to test on
        group: pattern whose group (who drew it, say) never is on two sides of the split
        test_fraction: share to test on where no pattern says it, of each class alike; 0 for no test set
        scale: in training, each axis is multiplied by up to 1 ± scale
        rotate: in training, degrees by which a drawing is turned at most, either way
        drop: in training, the share of points left out
        download: fetch the simplified drawings of those `classes` that the folder has no file of; the SHA-256 of the
            first download is kept beside them and compared from then on
        cache: folder in which drawings are kept, to be read at once the next time; null: none are
    """

    predicts: Predicts = "classes"

    def __init__(
        self,
        *,
        folder: str,
        root: str = "data",
        label: Literal["file", "word"] = "file",
        classes: list[str] | None = None,
        per_class: Count | None = None,
        unrecognized: Literal["keep", "drop"] = "keep",
        points: Annotated[int, Ge(2)] = 196,
        simplify: Literal["rdp", "cut"] = "rdp",
        val: str | None = None,
        test: str | None = None,
        group: str | None = None,
        test_fraction: Fraction = 0.2,
        scale: Fraction = 0.1,
        rotate: NonNegative = 0.0,
        drop: Fraction = 0.1,
        download: bool = False,
        cache: str | None = None,
    ) -> None:
        check_names(classes)
        if download and (classes is None or label == "word"):
            raise WrongInput("download is true, which needs the names of classes and label=file: set data.classes")
        self.folder = folder
        self.root = root
        self.download = download
        self.cache = cache
        self.label = label
        self.classes = classes
        self.per_class = per_class
        self.drop_unrecognized = unrecognized == "drop"
        self.points = points
        self.simplify: Literal["rdp", "cut"] = simplify
        self.split = KeySplit(val=val, test=test, group=group)
        self.test_fraction = test_fraction
        self.augment = Redraw.wanted(scale=scale, rotate=rotate, drop=drop)

    def load(self, seed: int) -> Sets:
        if self.download and self.classes is not None:
            fetch_drawings(self.classes, Path(self.root).expanduser() / Path(self.folder).expanduser())
        files = drawing_files(self.root, self.folder)
        place = files[0].parent
        if self.label == "file":
            by_name = {file.stem: file for file in files}
            files = [by_name[name] for name in choose(self.classes, by_name, place)]
        published = files[0].suffix == ".npz"
        if published:
            self._check_published(files[0])
        store = self._store(files, published)
        labels: list[str] = store.facts["labels"]
        classes = [file.stem for file in files] if self.label == "file" else choose(self.classes, labels, place)
        targets = _indices(store.columns["label"], [classes.index(label) for label in labels])
        if published:
            sides, groups = store.columns["side"], None
        else:
            keys, names = store.texts["key"], store.texts["name"]
            sides = self.split.sides(keys, targets, names=names, classes=classes)
            groups = self.split.groups(keys, names=names)
        parts = {
            name: _part(store, targets, groups, sides == side) for name, side in _SIDES.items() if (sides == side).any()
        }
        self._tell(place, len(classes), store)
        return Sets(
            train=parts["train"],
            val=parts.get("val"),
            test=parts.get("test"),
            predicts=self.predicts,
            classes=tuple(classes),
            view="drawing",
            normalize=step_scale,
            augment=self.augment,
            test_fraction=0.0 if published else self.test_fraction,
            published=published,
        )

    def read_inputs(self, source: Path | TextIO) -> Iterator[Item]:
        """The drawings of an ndjson or npz file, of every one in a folder, or of a stream of ndjson, none dropped.

        A drawing is called by its key_id; where it has none, by its file and line, or its file and place in it.
        Raises WrongInput where a file cannot be read, or a folder has none.
        """
        for name, steps in read_drawings(source):
            if isinstance(steps, WrongInput):
                yield name, steps
            else:
                yield name, torch.from_numpy(shorten([steps], self.points, self.simplify)[0])

    def _check_published(self, file: Path) -> None:
        """npz files come in sets, and without words or keys."""
        if self.label == "word":
            raise WrongInput(f"label is word, but {file} has no words: set label=file")
        if self.split.by_key:
            raise WrongInput(f"val, test and group are for ndjson: {file} brings a split of its own")

    def _store(self, files: list[Path], published: bool) -> Store:
        """The drawings of the files, read now or before."""
        names = [file.name for file in files]
        settings = {name: getattr(self, name) for name in _MATTER}

        def chunks() -> Iterator[Chunk]:
            fit = Shorten(self.points, self.simplify)
            if published:
                return from_npz(files, fit, self.per_class)
            return from_ndjson(
                files,
                fit,
                by_word=self.label == "word",
                wanted=self.classes,
                per_class=self.per_class,
                drop_unrecognized=self.drop_unrecognized,
            )

        place = files[0].parent
        total = sum(file.stat().st_size for file in files)
        return kept(self.cache, place.name, lambda: key_of(settings, place, names), chunks, total=total, unit="B")

    def _tell(self, place: Path, classes: int, store: Store) -> None:
        said = f"{place}: read {len(store):,} drawings of {classes} classes"
        if long := store.facts["long"]:
            said += (
                f", {long:,} of more than {self.points} points ({'cut' if self.simplify == 'cut' else 'simplified'})"
            )
        if unrecognized := store.facts.get("unrecognized", 0):
            said += f", {unrecognized:,} unrecognised {'dropped' if self.drop_unrecognized else 'kept'}"
        _log.info("%s", said)


def _part(store: Store, targets: Tensor, groups: list[str] | None, which: Tensor) -> Sequences:
    """The drawings that are `which` (N,) bool."""
    indices = which.nonzero()[:, 0]
    part = store.sequences(indices, targets[indices], store.texts["name"].select(indices))
    return part if groups is None else replace(part, groups=tuple(groups[i] for i in indices.tolist()))


def _indices(labels: Tensor, classes: list[int]) -> Tensor:
    """The class (N,) of each label (N,), which is not copied where they are the same."""
    return labels if classes == list(range(len(classes))) else torch.tensor(classes)[labels]
