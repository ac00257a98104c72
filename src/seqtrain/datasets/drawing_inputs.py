"""Drawings to predict from: those of a file, a folder or a stream, each with a name, or with what is wrong with it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from seqtrain.datasets import ndjson, npz
from seqtrain.datasets.drawing_files import KINDS
from seqtrain.datasets.strokes import Steps
from seqtrain.errors import WrongInput

Drawing = tuple[str, Steps | WrongInput]


def read_drawings(source: Path | TextIO) -> Iterator[Drawing]:
    """The drawings of an ndjson or npz file, of every one in a folder, or of a stream of ndjson.

    A drawing is called by its key_id; where it has none, by its file and line, or its file and place in it.
    A file of a folder that cannot be read is an item of its own.

    Raises WrongInput where a file cannot be read, or a folder has none.
    """
    if not isinstance(source, Path):
        yield from _of_lines((line.encode("utf-8", "surrogateescape") for line in source), "standard input")
    elif source.is_dir():
        yield from _of_folder(source)
    else:
        yield from _of_file(source)


def _of_folder(folder: Path) -> Iterator[Drawing]:
    files = sorted(file for kind in KINDS for file in folder.glob(f"*{kind}"))
    if not files:
        raise WrongInput(f"{folder} holds no {' or '.join(KINDS)} files")
    for file in files:
        try:
            yield from _of_file(file)
        except WrongInput as error:
            yield str(file), error


def _of_file(file: Path) -> Iterator[Drawing]:
    if file.suffix.lower() == ".npz":
        yield from ((f"{file}:{place}", steps) for place, steps in npz.read_each(file))
        return
    try:
        with file.open("rb") as lines:
            yield from _of_lines(lines, str(file))
    except OSError as error:
        raise WrongInput(f"{file} cannot be read: {error.strerror or error}") from error


def _of_lines(lines: Iterable[bytes], place: str) -> Iterator[Drawing]:
    for number, line in ndjson.read_each(lines, place):
        if isinstance(line, WrongInput):
            yield f"{place}:{number}", line
        else:
            yield line.key or f"{place}:{number}", line.steps
