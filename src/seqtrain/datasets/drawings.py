"""Labelled drawings out of files: from ndjson all in one, from npz in the three sets that they come in."""

import math
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from seqtrain.datasets.ndjson import Line, read_lines
from seqtrain.datasets.npz import read_npz
from seqtrain.datasets.strokes import Steps
from seqtrain.errors import WrongInput


class Drawing(NamedTuple):
    steps: Steps  # (T, 3)
    label: str
    name: str  # what a message or a figure calls it: file and place
    key: str | None = None  # its key_id, in ndjson


@dataclass
class Found:
    """What ndjson files hold."""

    drawings: list[Drawing] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)  # all that were seen, wanted or not
    unrecognized: int = 0


def from_ndjson(
    files: Sequence[Path],
    *,
    by_word: bool,
    wanted: Container[str] | None,
    per_class: int | None,
    drop_unrecognized: bool,
) -> Found:
    """The drawings of the files, each labelled with its file's name or its word.

    Raises WrongInput for a line without a word where words are labels, and for a file of which nothing is left.
    """
    found = Found()
    counts: Counter[str] = Counter()
    most = math.inf if per_class is None else per_class
    for file in files:
        for line in read_lines(file):
            label = _word(line, file) if by_word else file.stem
            if not line.recognized and drop_unrecognized:
                found.unrecognized += 1
                continue
            found.labels.add(label)
            if counts[label] < most and (wanted is None or label in wanted):
                counts[label] += 1
                found.unrecognized += not line.recognized
                found.drawings.append(Drawing(line.steps, label, f"{file.name}:{line.number}", line.key))
            if not by_word and counts[label] == most:
                break  # the rest of the file is not read
        if not by_word and not counts[file.stem]:
            raise WrongInput(f"{file} has no recognised drawings: set unrecognized=keep or leave the class out")
    return found


def _word(line: Line, file: Path) -> str:
    if line.word is None:
        raise WrongInput(f'{file}, line {line.number} has no text under "word": set label=file')
    return line.word


def from_npz(files: Sequence[Path], per_class: int | None) -> tuple[list[Drawing], ...]:
    """The training, validation and test drawings of the files, each labelled with its file's name."""
    sets: tuple[list[Drawing], ...] = ([], [], [])
    for file in files:
        parts = read_npz(file)
        if not parts.train:
            raise WrongInput(f"{file} has no training drawings: leave the class out")
        for part, drawings, steps in zip(parts._fields, sets, parts, strict=True):
            drawings += [
                Drawing(one, file.stem, f"{file.name}:{part}[{number}]") for number, one in enumerate(steps[:per_class])
            ]
    return sets
