"""Drawings of people, from Quick, Draw! ndjson files or sketch-rnn npz files, one class a file."""

import logging
from pathlib import Path
from typing import Annotated, Literal

import torch
from annotated_types import Ge
from torch import Tensor

from seqtrain.datasets.drawing_files import check_names, choose, drawing_files
from seqtrain.datasets.drawings import Drawing, from_ndjson, from_npz
from seqtrain.datasets.key_split import KeySplit, Parts
from seqtrain.datasets.simplify import shorten
from seqtrain.datasets.strokes import Redraw, step_scale
from seqtrain.errors import WrongInput
from seqtrain.ranges import Count, Fraction, NonNegative
from seqtrain.sequences import Sequences, Sets

_PARTS = ("train", "val", "test")
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
        val_groups: share of what is left to validate on, in whole groups, where `group` is given and `val` is
            not; without groups `data.val_fraction` says how many
        scale: in training, each axis is multiplied by up to 1 ± scale
        rotate: in training, degrees by which a drawing is turned at most, either way
        drop: in training, the share of points left out
    """

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
        val_groups: Fraction = 0.1,
        scale: Fraction = 0.1,
        rotate: NonNegative = 0.0,
        drop: Fraction = 0.1,
    ) -> None:
        check_names(classes)
        self.folder = folder
        self.root = root
        self.label = label
        self.classes = classes
        self.per_class = per_class
        self.drop_unrecognized = unrecognized == "drop"
        self.points = points
        self.simplify: Literal["rdp", "cut"] = simplify
        self.split = KeySplit(val=val, test=test, group=group, test_fraction=test_fraction, val_groups=val_groups)
        self.augment = Redraw.wanted(scale=scale, rotate=rotate, drop=drop)

    def load(self, seed: int) -> Sets:
        files = drawing_files(self.root, self.folder)
        if self.label == "file":
            by_name = {file.stem: file for file in files}
            files = [by_name[name] for name in choose(self.classes, by_name, files[0].parent)]
        if files[0].suffix == ".npz":
            classes, parts, remark = self._published(files)
        else:
            classes, parts, remark = self._divided(files, seed)
        sizes = ", ".join(f"{len(part):,} {name}" for name, part in zip(_PARTS, parts, strict=True) if part)
        long = sum(len(drawing.steps) > self.points for part in parts for drawing in part)
        _log.info(
            f"read {sum(map(len, parts)):,} drawings of {len(classes)} classes in {files[0].parent} ({sizes}); "
            f"{long:,} had more than {self.points} points{remark}"
        )
        train, val, test = parts
        return Sets(
            train=self._sequences(train, classes),
            val=self._sequences(val, classes) if val else None,
            test=self._sequences(test, classes) if test else None,
            predicts="classes",
            classes=tuple(classes),
            view="drawing",
            normalize=step_scale,
            augment=self.augment,
        )

    def _published(self, files: list[Path]) -> tuple[list[str], Parts, str]:
        """npz files: the sets that they come in."""
        if self.label == "word":
            raise WrongInput(f"label is word, but {files[0]} has no words: set label=file")
        if self.split.by_key:
            raise WrongInput(f"val, test and group are for ndjson: {files[0]} brings a split of its own")
        train, val, test = from_npz(files, self.per_class)
        return [file.stem for file in files], (train, val, test), ""

    def _divided(self, files: list[Path], seed: int) -> tuple[list[str], Parts, str]:
        """ndjson files: split by key_id, or by the seed."""
        found = from_ndjson(
            files,
            by_word=self.label == "word",
            wanted=self.classes,
            per_class=self.per_class,
            drop_unrecognized=self.drop_unrecognized,
        )
        classes = [file.stem for file in files]
        if self.label == "word":
            classes = choose(self.classes, found.labels, files[0].parent)
        parts = self.split.divide(found.drawings, _indices(found.drawings, classes), seed)
        done = "dropped" if self.drop_unrecognized else "kept"
        return classes, parts, f"; {found.unrecognized:,} unrecognised {done}"

    def _sequences(self, drawings: list[Drawing], classes: list[str]) -> Sequences:
        steps = shorten([drawing.steps for drawing in drawings], self.points, self.simplify)
        return Sequences.of(
            [torch.from_numpy(one) for one in steps],
            _indices(drawings, classes),
            names=[drawing.name for drawing in drawings],
        )


def _indices(drawings: list[Drawing], classes: list[str]) -> Tensor:
    index = {name: place for place, name in enumerate(classes)}
    return torch.tensor([index[drawing.label] for drawing in drawings])  # (N,)
