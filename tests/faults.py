"""Bad files: each format with each fault that it has a place for, and how a message has to name file and place."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from formats import (
    LONG,
    LONG_TEST,
    SERIES,
    TS,
    UCR,
    UNEQUAL,
    VALUES,
    WIDE,
    WIDE_TEST,
    Rows,
    drawing,
    ndjson,
    npz,
    recordings,
    sketches,
    sound,
    table,
)

from seqtrain.datasets.quickdraw import QuickDraw


@dataclass(frozen=True)
class Bad:
    """A fault in one file of a good data set."""

    fault: str
    content: bytes
    reason: str  # a pattern
    file: str | None = None  # which one, where it is not the format's first
    reads: Callable[[Path], Any] | None = None  # the data set, where it needs other settings
    steps: bool = True  # whether it is in what is learnt from, so that predicting finds it too


def bad_files(name: str) -> list[Bad]:
    """The faults of a format, by its name among `formats.FORMATS`."""
    form, _, kind = name.partition(" ")
    if kind in ("wide", "long", "windows"):
        return [*_of_table(form, kind)]
    return [*_OTHERS[name]()]


def with_cell(rows: Rows, row: int, column: str, value: Any) -> Rows:
    """A table, of which the first row names the columns, with one other cell."""
    changed = [list(each) for each in rows]
    changed[row][changed[0].index(column)] = value
    return changed


def _of_table(form: str, layout: str) -> Iterator[Bad]:
    rows, test = {"wide": (WIDE, WIDE_TEST), "long": (LONG, LONG_TEST), "windows": (SERIES, SERIES)}[layout]
    label, number = {"wide": ("label", "t1"), "long": ("label", "x"), "windows": ("y", "x")}[layout]
    parquet = form == "parquet"
    train, other = rf"train\.{form}", rf"test\.{form}"
    place = rf"{train}, {'row 3' if parquet else 'line 4'}, column '{number}' "

    def put(value: Any) -> bytes:
        return table(with_cell(rows, 3, number, value), form)

    yield Bad("empty", b"", rf"{train} {'cannot be read as Parquet' if parquet else 'is empty'}")
    yield Bad("no rows", table(rows[:1], form), rf"{train} has a header and no rows", steps=False)
    renamed = table(with_cell(rows, 0, label, "lable"), form)
    yield Bad("wrong columns", renamed, rf"target is {label}, but .*{train} has no such column", steps=False)
    yield Bad("text", put("abc"), place + "is 'abc', no number")
    gap = "|, (line 5|row 4), its context has no value at step 2 of x" * (layout == "windows")  # where the first is
    yield Bad("nan", put(float("nan")), f"{place}has no value{gap}")
    yield Bad("infinite", put(float("inf")), place + "is 'inf', beyond")
    yield Bad("1e30", put(1e30), place + r"is '1e\+30', beyond")
    if not parquet:
        yield Bad("a cell less", table([*rows[:3], rows[3][:-1], *rows[4:]], form), rf"{train}, line 4 has")
        yield Bad("a cell more", table([*rows[:3], [*rows[3], 1], *rows[4:]], form), rf"{train}, line 4 has")
    if layout != "windows":
        steps = {"wide": 1, "long": 3}[layout]
        new = [test[0], *([*with_cell([test[0], row], 1, label, "c")[1]] for row in test[1 : 1 + steps])]
        told = rf"{other}, {'row 1' if parquet else 'line 2'} has the label 'c'"
        yield Bad("a new label", table([*new, *test[1 + steps :]], form), told, f"test.{form}", steps=False)
        gone = test[0].index(number)
        less = table([[cell for at, cell in enumerate(row) if at != gone] for row in test], form)
        yield Bad("unequal channels", less, rf"{other} has no column '{number}'", f"test.{form}", steps=False)


def _edited(text: str, file: str, *edits: tuple[str, str, str, str]) -> Iterator[Bad]:
    """Faults by replacing, once: the fault, before, after, and the place."""
    for fault, before, after, place in edits:
        assert before in text, before
        yield Bad(fault, text.replace(before, after, 1).encode(), rf"{re.escape(file)}{place}")


_TS = "Own_TRAIN.ts"


def _of_ts() -> Iterator[Bad]:
    yield Bad("empty", b"", r"Own_TRAIN\.ts has no line @data")
    yield Bad("no rows", TS[: TS.index("0,1,")].encode(), r"Own_TRAIN\.ts has no series", steps=False)
    yield from _edited(
        TS, _TS,
        ("wrong columns", "@dimensions 2", "@dimensions 3", ", line 9 has 2 dimensions"),
        ("ragged", "2,3,2.5", "2,3", r", line 11: its dimensions have \[2, 3\]"),
        ("another length", "2,3,2.5:-2,2,1e-3", "2,3:-2,2", ", line 11 has 2 steps"),
        ("text", "2,3,2.5", "2,x,2.5", ", line 11, dimension 1: value 2 is 'x'"),
        ("unequal channels", "2,3,2.5:", "", ", line 11 has 1 dimensions"),
        ("nan", "2,3,2.5", "2,nan,2.5", ", line 11 has no value at step 1 of feature 0"),
        ("infinite", "2,3,2.5", "2,inf,2.5", ", line 11, dimension 1: value 2 is 'inf', beyond"),
        ("1e30", "2,3,2.5", "2,1e30,2.5", ", line 11, dimension 1: value 2 is '1e30', beyond"),
    )  # fmt: skip
    (new,) = _edited(TS, "Own_TEST.ts", ("a new label", ":a\n", ":c\n", ", line 9 has the label 'c'"))
    yield Bad(new.fault, new.content, new.reason, "Own_TEST.ts", steps=False)
    narrow = b"@dimensions 1\n@classLabel true a b\n@data\n1,2,3:a\n4,5,6:b\n"
    told = r"Own_TEST\.ts, line 4 has 1 dimensions, but .*Own_TRAIN\.ts has 2"
    yield Bad("another width", narrow, told, "Own_TEST.ts", steps=False)


def _of_unequal() -> Iterator[Bad]:
    yield Bad("empty", b"", r"Own_TRAIN\.ts has no line @data")
    yield from _edited(
        UNEQUAL, _TS,
        ("text", "2,3,4,5", "2,3,,5", ", line 6, dimension 1: value 3 is ''"),
        ("unequal channels", "2,3,4,5", "2,3:4,5", ", line 6 has 2 dimensions"),
        ("nan", "2,3,4,5", "2,3,?,5", ", line 6 has no value at step 2"),
        ("infinite", "2,3,4,5", "2,-inf,4,5", ", line 6, dimension 1: value 2 is '-inf', beyond"),
        ("1e30", "2,3,4,5", "2,3,4,1e30", ", line 6, dimension 1: value 4 is '1e30', beyond"),
    )  # fmt: skip
    (new,) = _edited(UNEQUAL, _TS, ("a new label", ":up\n", ":left\n", ", line 4 has the label 'left'"))
    yield Bad(new.fault, new.content, new.reason, steps=False)


def _of_values() -> Iterator[Bad]:
    yield Bad("empty", b"", r"Own_TRAIN\.ts has no line @data")
    for fault, target, told in (
        ("text", "x", "value 1 is 'x', no number"),
        ("nan", "nan", "the target is nan"),
        ("infinite", "inf", "value 1 is 'inf', beyond"),
        ("1e30", "1e30", r"value 1 is '1e30', beyond"),
    ):
        content = VALUES.replace(":2.25", f":{target}").encode()
        yield Bad(f"{fault} to predict", content, rf"Own_TRAIN\.ts, line 6.*{told}", steps=False)


def _of_ucr(form: str, separator: str) -> Iterator[Bad]:
    text, file = UCR.replace("\t", separator), f"Own_TRAIN.{form}"
    third = separator.join(["1", "2", "2.5", "-1e-2"])
    yield Bad("empty", b"", rf"Own_TRAIN\.{form} has no series", steps=False)
    yield from (
        bad
        for fault, row, told in (
            ("text", ["1", "2", "abc", "3"], ", line 3: value 2 is 'abc'"),
            ("ragged", ["1"], ", line 3 is '1', with no values"),
            ("nan", ["1", "2", "NaN", "3"], ", line 3 has no value at step 1"),
            ("infinite", ["1", "2", "inf", "3"], ", line 3: value 2 is 'inf', beyond"),
            ("1e30", ["1", "2", "1e30", "3"], ", line 3: value 2 is '1e30', beyond"),
        )
        for bad in _edited(text, file, (fault, third, separator.join(row), told))
    )
    test = text.replace("0", "2").replace("1" + separator, "3" + separator, 1).encode()
    yield Bad("a new label", test, rf"Own_TEST\.{form}, line 1 has the label '3'", f"Own_TEST.{form}", steps=False)


def _of_ndjson() -> Iterator[Bad]:
    place = r"cat\.ndjson, line 3"

    def third(change: Any) -> bytes:
        return ndjson(drawing(0), drawing(1), change, drawing(3))

    def stroke(*axes: Any) -> bytes:
        return third({"drawing": [[[1], [2]], [*axes]]})

    yield Bad("empty", b"", r"cat\.ndjson is empty", steps=False)
    yield Bad("wrong columns", third({"strokes": []}), f"{place} has the keys strokes")
    yield Bad("ragged", stroke([1, 2], [3]), rf"{place}: the lists of stroke 2 differ in length: \[2, 1\]")
    yield Bad("text", stroke([1, "2"], [3, 4]), f"{place}: a coordinate is not a number")
    yield Bad("unequal channels", stroke([1, 2]), f"{place}: stroke 2 is")
    for fault, value in (("nan", float("nan")), ("infinite", float("inf")), ("1e30", 1e30)):
        yield Bad(fault, stroke([1, value], [3, 4]), f"{place}: a coordinate is NaN, infinite or beyond")
    yield Bad(
        "a new label",
        ndjson(*(drawing(n) | {"word": "bird" if n > 5 else "cat"} for n in range(8))),
        "no drawing of 'bird' is left to train on",
        reads=lambda folder: QuickDraw(folder=str(folder), label="word", test="^[67]$"),
        steps=False,
    )


def _of_npz() -> Iterator[Bad]:
    def second(array: Any) -> bytes:
        good = sketches(0)
        return npz(train=[good[0], np.array(array), *good[2:]], valid=sketches(10), test=sketches(20))

    place = r"cat\.npz: train\[1\]"
    yield Bad("empty", b"", r"cat\.npz is broken or no npz file")
    yield Bad("wrong columns", npz(train=sketches(0), valid=sketches(10)), r"cat\.npz has no array test")
    yield Bad("ragged", second([1, 2, 3]), rf"{place} has shape \(3,\)")
    yield Bad("text", second([["a", "b", "c"]]), r"cat\.npz: train holds an array of type 'U1' at \[1\]")
    yield Bad("unequal channels", second([[1, 2]]), rf"{place} has shape \(1, 2\)")
    for fault, value in (("nan", float("nan")), ("infinite", float("inf")), ("1e30", 1e30)):
        yield Bad(fault, second([[1, value, 0]]), f"{place} has a coordinate that is NaN, infinite or beyond")
    nothing = npz(train=[], valid=sketches(10), test=sketches(20))
    yield Bad("a new label", nothing, r"cat\.npz has no training drawings", steps=False)


def _of_audio(form: str) -> Iterator[Bad]:
    file = rf"low/0\.{form}"
    seconds = 1.0 if form == "ogg" else 0.5
    both = np.stack([np.sin(np.arange(round(8000 * seconds)))] * 2, axis=1)
    yield Bad("empty", b"", rf"{file} is empty \(0 bytes\)")
    yield Bad("text", b"hello " * 200, rf"{file} (cannot be decoded|was cut short)")
    yield Bad(
        "unequal channels",
        sound(form, both),
        rf"{file} has 2 channels and data\.channels=refuse",
        reads=lambda folder: recordings(folder, channels="refuse"),
    )
    if form == "wav":  # the others hold no such numbers
        for fault, value, told in (
            ("nan", np.nan, "holds .nan. at sample 7"),
            ("infinite", np.inf, "holds .inf. at sample 7"),
            ("1e30", 1e30, r"holds .1\.\d*e\+30. at sample 7"),
        ):
            samples = np.zeros(99, dtype=np.float32)
            samples[7] = value
            yield Bad(fault, sound(form, samples, subtype="FLOAT"), f"{file} {told}")


def _of_audio_table() -> Iterator[Bad]:
    good = [
        ["file", "label", "split"],
        *([f"{n}.wav", f"kind {n % 2}", "train" if n < 6 else "test"] for n in range(8)),
    ]

    def changed(row: int, cells: list[Any]) -> bytes:
        return table([*good[:row], cells, *good[row + 1 :]], "csv")

    for fault, content, told in (
        ("empty", b"", r"table\.csv is empty"),
        ("no rows", b"file,label\n", r"table\.csv has no lines below its header"),
        ("wrong columns", changed(0, ["name", "label", "split"]), r"table\.csv has the columns name, label, split"),
        ("a cell less", changed(3, ["2.wav", "kind 0"]), r"table\.csv, line 4 has 2 cells"),
        ("a cell more", changed(3, ["2.wav", "kind 0", "train", "x"]), r"table\.csv, line 4 has 4 cells"),
        ("text", changed(3, ["2.wav", "kind 0", "later"]), r"table\.csv, line 4 says split 'later'"),
        ("a file that is not there", changed(3, ["22.wav", "kind 0", "train"]), r"table\.csv names 22\.wav"),
        ("a new label", changed(8, ["7.wav", "kind 7", "test"]), r"7\.wav \(test\) has the label 'kind 7'"),
    ):
        yield Bad(fault, content, told, steps=False)


_OTHERS: dict[str, Callable[[], Iterator[Bad]]] = {
    "ts": _of_ts,
    "ts unequal": _of_unequal,
    "ts values": _of_values,
    "ucr tsv": lambda: _of_ucr("tsv", "\t"),
    "ucr txt": lambda: _of_ucr("txt", "  "),
    "ndjson": _of_ndjson,
    "ndjson raw": _of_ndjson,
    "npz": _of_npz,
    "wav": lambda: _of_audio("wav"),
    "flac": lambda: _of_audio("flac"),
    "ogg": lambda: _of_audio("ogg"),
    "mp3": lambda: _of_audio("mp3"),
    "audio table": _of_audio_table,
}
