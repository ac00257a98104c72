"""Labelled drawings out of files, as the chunks of a store: what each is called, its label, its key or its set.

Every drawing has the column "label", an index into the fact `labels`, and the text "name"; those from ndjson files
the text "key", empty where there is none; those from npz files the column "side": 0 train, 1 val, 2 test.
The fact `long` says how many were shortened, `unrecognized` how many of the ndjson drawings the game did not know.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from seqtrain.datasets.drawing_files import choose
from seqtrain.datasets.ndjson import Line, read_lines
from seqtrain.datasets.npz import read_npz
from seqtrain.datasets.simplify import shorten
from seqtrain.datasets.strokes import Steps
from seqtrain.errors import WrongInput
from seqtrain.store.chunks import Chunk

_AT_ONCE = 2048  # drawings in a chunk


@dataclass
class Shorten:
    """Makes drawings fit in so many points, and counts those that did not."""

    points: int
    how: Literal["rdp", "cut"]
    long: int = 0

    def __call__(self, drawings: Sequence[Steps]) -> list[Tensor]:
        self.long += sum(len(steps) > self.points for steps in drawings)
        return [torch.from_numpy(steps) for steps in shorten(drawings, self.points, self.how)]


@dataclass
class _Found:
    labels: dict[str, int] = field(default_factory=dict)  # of the drawings that were kept
    seen: set[str] = field(default_factory=set)  # of all that may be
    unrecognized: int = 0
    read: int = 0  # bytes


def from_ndjson(
    files: Sequence[Path],
    fit: Shorten,
    *,
    by_word: bool,
    wanted: Sequence[str] | None,
    per_class: int | None,
    drop_unrecognized: bool,
) -> Iterator[Chunk]:
    """The drawings of the files, each labelled with its file's name or its word.

    Raises WrongInput for a line without a word where words are labels, for a file of which nothing is left, and
    where the wanted words are not there.
    """
    found = _Found()
    chosen = _chosen(files, found, by_word, wanted, math.inf if per_class is None else per_class, drop_unrecognized)
    before = 0
    while some := list(islice(chosen, _AT_ONCE)):
        yield Chunk(
            fit([line.steps for _, _, line in some]),
            columns={"label": [label for _, label, _ in some]},
            texts={
                "name": [f"{file.name}:{line.number}" for file, _, line in some],
                "key": [line.key or "" for _, _, line in some],
            },
            done=found.read - before,
        )
        before = found.read
    if by_word:
        choose(wanted, found.seen, files[0].parent)
    yield Chunk(facts={"labels": list(found.labels), "long": fit.long, "unrecognized": found.unrecognized})


def _chosen(
    files: Sequence[Path],
    found: _Found,
    by_word: bool,
    wanted: Sequence[str] | None,
    most: float,
    drop_unrecognized: bool,
) -> Iterator[tuple[Path, int, Line]]:
    counts: Counter[str] = Counter()
    for file in files:
        for line in read_lines(file):
            found.read += line.size
            label = _word(line, file) if by_word else file.stem
            if not line.recognized and drop_unrecognized:
                found.unrecognized += 1
                continue
            found.seen.add(label)
            if counts[label] < most and (wanted is None or label in wanted):
                counts[label] += 1
                found.unrecognized += not line.recognized
                yield file, found.labels.setdefault(label, len(found.labels)), line
            if not by_word and counts[label] == most:
                break  # the rest of the file is not read
        if not by_word and not counts[file.stem]:
            raise WrongInput(f"{file} has no recognised drawings: set unrecognized=keep or leave the class out")


def _word(line: Line, file: Path) -> str:
    if line.word is None:
        raise WrongInput(f'{file}, line {line.number} has no text under "word": set label=file')
    return line.word


def from_npz(files: Sequence[Path], fit: Shorten, per_class: int | None) -> Iterator[Chunk]:
    """The training, validation and test drawings of the files, each labelled with its file's name."""
    for label, file in enumerate(files):
        parts = read_npz(file)
        if not parts.train:
            raise WrongInput(f"{file} has no training drawings: leave the class out")
        for side, (part, drawings) in enumerate(zip(parts._fields, parts, strict=True)):
            some = drawings[:per_class]
            yield Chunk(
                fit(some),
                columns={"label": [label] * len(some), "side": [side] * len(some)},
                texts={"name": [f"{file.name}:{part}[{number}]" for number in range(len(some))]},
            )
        yield Chunk(done=file.stat().st_size)
    yield Chunk(facts={"labels": [file.stem for file in files], "long": fit.long})
