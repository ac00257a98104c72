"""What the names of files, or a table beside them, say of each: its label, its side of the split, its group."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple

from seqtrain.errors import WrongInput
from seqtrain.nearest import listed

Side = Literal["train", "val", "test"]

_SIDES: dict[str, Side] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
_FILE_COLUMNS = ("file", "filename", "path")


class Row(NamedTuple):
    label: str | None  # None where the table has no such column
    side: Side | None
    several: bool = False  # whether the label is any number of them, with `;` between


def read_table(path: Path) -> dict[str, Row]:
    """A CSV or TSV file with a header and the columns file (or filename, path), label (or labels), split, or some.

    Raises WrongInput naming the file, the line, what it says and what is allowed.
    """
    if not path.is_file():
        raise WrongInput(f"there is no table {path}: check data.table, or set it to null")
    rows: dict[str, Row] = {}
    for place, line in _lines(path):
        columns = {name.lower(): name for name in line}
        file = next((columns[name] for name in _FILE_COLUMNS if name in columns), None)
        if file is None:
            raise WrongInput(f"{path} has the columns {listed(line)}: one must be called 'file'")
        several = "labels" in columns
        if several and "label" in columns:
            raise WrongInput(f"{path} has the columns 'label' and 'labels': take one of them out")
        label, split = columns.get("labels" if several else "label"), columns.get("split")
        name = PurePosixPath(line[file].replace("\\", "/")).as_posix()
        if name in rows:
            raise WrongInput(f"{place} names {name} a second time: remove one of the lines")
        if label is not None and not line[label] and not several:
            raise WrongInput(f"{place} gives {name} no label: fill in its column {label!r}")
        rows[name] = Row(
            label=line[label] if label is not None else None,
            side=side_of(line[split], place) if split is not None else None,
            several=several,
        )
    if not rows:
        raise WrongInput(f"{path} has no lines below its header: list the files there")
    return rows


def _lines(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row's place, and its cells by the names of their columns."""
    from seqtrain.datasets.table_text import read_text  # polars takes a moment to import

    for rows in read_text(path, str(path)):
        if rows.wrong:
            raise next(iter(rows.wrong.values()))
        for number, cells in enumerate(rows.cells.iter_rows(named=True)):
            yield rows.place(number), {name: (cell or "").strip() for name, cell in cells.items()}


def side_of(value: str | None, place: str) -> Side:
    """What a table calls a side of the split, in any of the usual words. WrongInput: it is none of them."""
    side = _SIDES.get((value or "").strip().lower())
    if side is None:
        raise WrongInput(f"{place} says split {value!r}: allowed are {', '.join(_SIDES)}")
    return side


def parent_labels(names: Sequence[str]) -> list[str]:
    """The name of the folder that each file is in."""
    for name in names:
        if "/" not in name:
            raise WrongInput(
                f"{name} is in no folder that could be its label: put each class in a folder of its own, "
                "or set data.label to a regular expression with the label as its group"
            )
    return [PurePosixPath(name).parent.name for name in names]


def pattern(setting: str, expression: str, *, group: bool) -> re.Pattern[str]:
    """The compiled expression; WrongInput naming the setting where it is none, or has no group and needs one."""
    try:
        compiled = re.compile(expression)
    except re.error as error:
        raise WrongInput(f"{setting} is {expression!r}, no regular expression ({error})") from None
    if group and compiled.groups != 1:
        raise WrongInput(
            f"{setting} is {expression!r} with {compiled.groups} groups: put (…) around the one part that counts"
        )
    return compiled


def found_in(names: Sequence[str], expression: re.Pattern[str], setting: str) -> list[str]:
    """What the expression's group finds in each name."""
    found = []
    for name in names:
        match = expression.search(name)
        if match is None or not match[1]:
            raise WrongInput(
                f"data.{setting}={expression.pattern!r} finds nothing in {name}: change it or move the file"
            )
        found.append(match[1])
    return found


def sides_by_pattern(
    names: Sequence[str], val: re.Pattern[str] | None, test: re.Pattern[str] | None
) -> list[Side | None]:
    """The side of each name that `val` or `test` finds a match in; None for the others, which stay to train."""
    sides: list[Side | None] = []
    for name in names:
        for_val = val is not None and val.search(name) is not None
        for_test = test is not None and test.search(name) is not None
        if for_val and for_test:
            raise WrongInput(f"data.val and data.test both match {name}: change one of them")
        sides.append("test" if for_test else "val" if for_val else None)
    for setting, expression in (("val", val), ("test", test)):
        if expression is not None and setting not in sides:
            raise WrongInput(f"data.{setting}={expression.pattern!r} matches none of {len(names)} files: change it")
    return sides


def sides_by_list(folder: Path, names: Sequence[str], val: str | None, test: str | None) -> list[Side | None]:
    """The side of each name that a text file in the folder lists, a name a line; None for the others."""
    sides: dict[str, Side] = {}
    lists: list[tuple[Side, str | None]] = [("val", val), ("test", test)]
    known = set(names)
    for side, file in lists:
        if file is None:
            continue
        path = folder / file
        if not path.is_file():
            raise WrongInput(f"there is no list {path}: check data.{side}_list, or set it to null")
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise WrongInput(f"{path} is no UTF-8 text (byte {error.start}): save it as UTF-8") from None
        for number, line in enumerate(lines, start=1):
            name = PurePosixPath(line.strip()).as_posix()
            if line.strip() and name not in known:
                raise WrongInput(f"{path} line {number} names {name}, which is no audio file in {folder}")
            if sides.get(name, side) != side:
                raise WrongInput(f"data.val_list and data.test_list both name {name}: change one of them")
            sides[name] = side
    return [sides.get(name) for name in names]


def in_order(labels: Sequence[str]) -> list[str]:
    """Each label once: as numbers where all are numbers, else by name."""
    once = set(labels)
    return sorted(once, key=lambda label: (int(label), label)) if all(map(_is_number, once)) else sorted(once)


def _is_number(label: str) -> bool:
    return label.isascii() and label.isdigit()
