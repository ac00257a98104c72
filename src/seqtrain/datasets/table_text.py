"""The rows of a CSV or TSV file as blocks of text cells, each row checked to have as many as the header."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np
import polars as pl

from seqtrain.datasets.series import unended
from seqtrain.datasets.table_rows import Ints, Rows
from seqtrain.errors import WrongInput

_BLOCK = 1 << 23  # bytes that are read at once
_LONGEST_RECORD = 1 << 26  # bytes; a longer one has a quotation mark too many
_NEWLINE, _QUOTE = ord("\n"), ord('"')


def read_text(source: Path | TextIO, name: str) -> Iterator[Rows]:
    """Blocks of rows, the first of which may have none and tells the columns; in constant memory.

    The separator is a tab where the file ends in .tsv, and otherwise whichever of , ; and tab the header has most.
    Blank lines are passed over. A row with too few or too many cells is among its block's `wrong` ones.

    Raises WrongInput, naming file and line, for a header that cannot be one, text that is not UTF-8, a quotation
    mark without a partner, and for a last line that may have been cut.
    """
    names: list[str] = []
    separator, line = ",", 1
    for block in _blocks(source, name):
        _check_text(block, name, line)
        lines = block.count(b"\n")
        if not names:
            start = len(block) - len(block.lstrip(b"\r\n"))
            line, block = line + block.count(b"\n", 0, start), block[start:]
            if not block:
                continue
            end = _ends(block)[0] + 1
            header = block[:end].decode().removeprefix("\ufeff")
            tabs = isinstance(source, Path) and source.suffix.lower() == ".tsv"
            separator = "\t" if tabs else max(",;\t", key=header.count)
            names = _header(header, separator, f"{name}, line {line}")
            line += block.count(b"\n", 0, end)
            block = block[end:]
            lines = block.count(b"\n")
        yield _rows(block, names, separator, name, line)
        line += lines
    if not names:
        raise WrongInput(f"{name} is empty: its first line has to name the columns")


def _blocks(source: Path | TextIO, name: str) -> Iterator[bytes]:
    """Whole records, many at once; at the end, after all others, an error where the last one is not ended."""
    rest, line = b"", 1
    for piece in _pieces(source):
        data = rest + piece
        ends = _ends(data)
        cut = int(ends[-1]) + 1 if len(ends) else 0
        rest = data[cut:]
        if len(rest) > _LONGEST_RECORD:
            raise WrongInput(f"{name} has a row of more than {len(rest):,} bytes: a quotation mark may be missing")
        if cut:
            yield data[:cut]
            line += data.count(b"\n", 0, cut)
    if b'"' in rest and b"\n" in rest:
        raise WrongInput(f"{name}, line {line} or after it has a quotation mark without a partner: fetch it again")
    if rest.strip():
        raise unended(f"{name}, line {line}")


def _pieces(source: Path | TextIO) -> Iterator[bytes]:
    if isinstance(source, Path):
        try:
            with source.open("rb") as file:
                yield from iter(lambda: file.read(_BLOCK), b"")
        except OSError as error:
            raise WrongInput(f"{source} cannot be read: {error.strerror or error}") from None
    elif isinstance(buffer := getattr(source, "buffer", None), io.BufferedReader):
        yield from iter(lambda: buffer.read1(_BLOCK), b"")  # what is there, without waiting for more
    else:
        yield from (text.encode(errors="surrogateescape") for text in iter(lambda: source.read(_BLOCK), ""))


def _ends(data: bytes) -> Ints:
    """Where records end: the line ends that are not between quotation marks."""
    array = np.frombuffer(data, dtype=np.uint8)
    ends: Ints = np.flatnonzero(array == _NEWLINE)
    if b'"' not in data:
        return ends
    quotes = np.flatnonzero(array == _QUOTE)
    closed: Ints = ends[np.searchsorted(quotes, ends) % 2 == 0]
    return closed


def _check_text(block: bytes, name: str, line: int) -> None:
    try:
        block.decode()
    except UnicodeDecodeError as error:
        at = line + block.count(b"\n", 0, error.start)
        raise WrongInput(f"{name}, line {at} is no UTF-8 text: save the file as UTF-8, or fetch it again") from None
    if b"\x00" in block:
        at = line + block.count(b"\n", 0, block.index(0))
        raise WrongInput(f"{name}, line {at} has a zero byte: fetch it again")


def _header(text: str, separator: str, place: str) -> list[str]:
    if re.search(r"\r(?!\n)", text):
        raise WrongInput(f"{place}: lines end in carriage returns only: convert the file to line feeds")
    cells, *more = _records(text, separator, place)
    if more:
        raise WrongInput(f"{place} has a quotation mark within a name: take it out, or fetch the file again")
    names = [cell.strip() for cell in cells]
    if not names:
        raise WrongInput(f"{place} is empty, and has to name the columns: take it out")
    if "" in names:
        raise WrongInput(
            f"{place}: column {names.index('') + 1} of {len(names)} has no name: name it, or leave out what numbers "
            "the rows (pandas: to_csv(index=False))"
        )
    if twice := [each for each in names if names.count(each) > 1]:
        raise WrongInput(f"{place} names the column {twice[0]!r} more than once: name it otherwise")
    return names


def _records(text: str, separator: str, place: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise WrongInput(f"{place} cannot be read ({error}): look for a quotation mark that has no partner") from None


def _rows(block: bytes, names: list[str], separator: str, name: str, line: int) -> Rows:
    """The rows of whole records, of which the first is on a line."""
    if b'"' in block:
        return _quoted(block.decode(), names, separator, name, line)
    array = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(array == _NEWLINE)
    starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
    separators = np.flatnonzero(array == ord(separator))
    cells = np.searchsorted(separators, ends) - np.searchsorted(separators, starts) + 1  # (lines,)
    numbers = line + np.arange(len(ends))
    blank = (ends == starts) | ((ends == starts + 1) & (array[starts] == ord("\r"))) if len(ends) else ends == starts
    good = ~blank & (cells == len(names))
    wrong = {int(numbers[i]): _ragged(int(cells[i]), names, name, int(numbers[i])) for i in _where(~blank & ~good)}
    if not good.all():
        block = b"".join(block[starts[i] : ends[i] + 1] for i in _where(good))
    frame = pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    if block:
        frame = pl.read_csv(
            block, has_header=False, new_columns=names, infer_schema=False, separator=separator, quote_char=None
        )
    if frame.height != int(good.sum()):
        raise WrongInput(f"{name}: {int(good.sum())} rows from line {line} on were read as {frame.height}")
    return Rows(frame, numbers[good], name, "line", wrong)


def _quoted(text: str, names: list[str], separator: str, name: str, line: int) -> Rows:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    found: list[list[str | None]] = []
    numbers: list[int] = []
    wrong: dict[int, WrongInput] = {}
    number = line
    try:
        for record in reader:
            if record and len(record) != len(names):
                wrong[number] = _ragged(len(record), names, name, number)
            elif record:
                found.append([cell if cell else None for cell in record])
                numbers.append(number)
            number = line + reader.line_num
    except csv.Error as error:
        raise WrongInput(
            f"{name}, line {line + reader.line_num - 1} cannot be read ({error}): look for a quotation mark too many"
        ) from None
    frame = pl.DataFrame(found, schema=dict.fromkeys(names, pl.String), orient="row")
    return Rows(frame, np.array(numbers, dtype=np.int64), name, "line", wrong)


def _ragged(cells: int, names: list[str], name: str, line: int) -> WrongInput:
    return WrongInput(
        f"{name}, line {line} has {cells} cells, but the header has {len(names)}: each row needs as many, "
        "empty ones at its end where a series is shorter"
    )


def _where(which: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> list[int]:
    return [int(i) for i in np.flatnonzero(which)]
