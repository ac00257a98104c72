"""A small good data set in each format that is read: its files, and the data set that reads them from a folder."""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import soundfile

from seqtrain.datasets.audio_folder import AudioFolder
from seqtrain.datasets.quickdraw import QuickDraw
from seqtrain.datasets.table import Table
from seqtrain.datasets.ts import Ts

Rows = Sequence[Sequence[Any]]
RATE = 8000


@dataclass(frozen=True)
class Format:
    """A good data set."""

    files: Mapping[str, bytes]  # by name below the folder; the first is the one to spoil
    reads: Callable[[Path], Any]  # the data set of a folder
    counted: str  # a pattern: how the log tells the number of lines read, or of what else the first file has
    whole_lines: bool = False  # whether a cut between two lines cannot be seen

    @property
    def name(self) -> str:
        return next(iter(self.files))

    @property
    def good(self) -> bytes:
        return self.files[self.name]

    def write(self, folder: Path, spoilt: bytes | None = None, name: str | None = None) -> Path:
        """All files, one of them with other content; its path."""
        for each, content in self.files.items():
            (folder / each).parent.mkdir(parents=True, exist_ok=True)
            (folder / each).write_bytes(content)
        path = folder / (name or self.name)
        path.write_bytes(self.good if spoilt is None else spoilt)
        return path


def table(rows: Rows, form: str) -> bytes:
    """Rows, of which the first names the columns, as a .csv, .tsv or .parquet file."""
    if form != "parquet":
        separator = "\t" if form == "tsv" else ","
        return "".join(separator.join(map(str, row)) + "\n" for row in rows).encode()
    header, *cells = rows
    columns = {name: pl.Series([row[at] for row in cells], strict=False) for at, name in enumerate(header)}
    stream = io.BytesIO()
    pl.DataFrame({name: _plain(column) for name, column in columns.items()}).write_parquet(stream)
    return stream.getvalue()


def _plain(column: pl.Series) -> pl.Series:
    """Text only where it is none but text."""
    if column.dtype != pl.String:
        return column
    as_numbers = column.cast(pl.Float64, strict=False)
    return column if as_numbers.null_count() else as_numbers


WIDE: Rows = [["label", "t0", "t1", "t2"], *(["ab"[n % 2], n, n + 0.5, -n] for n in range(12))]
WIDE_TEST: Rows = [WIDE[0], *(["ab"[n % 2], n, n + 0.25, n] for n in range(4))]
LONG: Rows = [
    ["name", "t", "x", "y", "label"],
    *([f"s{n}", t, n * t, t + 0.5 * n, "ab"[n % 2]] for n in range(12) for t in range(3)),
]
LONG_TEST: Rows = [LONG[0], *([f"v{n}", t, n + t, n, "ab"[n % 2]] for n in range(4) for t in range(3))]
SERIES: Rows = [["date", "x", "y"], *([f"2020-01-{1 + n // 24:02} {n % 24:02}:00", n, n * n] for n in range(60))]


def _table(form: str, layout: str, rows: Rows, test: Rows | None, counted: str, **settings: Any) -> Format:
    files = {f"train.{form}": table(rows, form)} | ({f"test.{form}": table(test, form)} if test else {})

    def reads(folder: Path) -> Table:
        sides = {"train": f"train.{form}"} | ({"test": f"test.{form}"} if test else {})
        return Table(**sides, root=str(folder), layout=layout, **settings)  # type: ignore[arg-type]

    return Format(files, reads, counted, whole_lines=form != "parquet")


TS = """@problemName Good
@timeStamps false
@univariate false
@dimensions 2
@equalLength true
@seriesLength 3
@classLabel true a b
@data
""" + "".join(f"{n},{n + 1},{n}.5:{-n},{n},1e-3:{'ab'[n % 2]}\n" for n in range(8))
UNEQUAL = "@univariate true\n@classLabel true up down\n@data\n" + "".join(
    f"{','.join(str(n + step) for step in range(2 + n % 4))}:{['up', 'down'][n % 2]}\n" for n in range(8)
)
VALUES = "@univariate true\n@targetLabel true\n@data\n" + "".join(f"{n},{n + 1},?:{n}.25\n" for n in range(8))
UCR = "".join(f"{1 + n % 2}\t{n}\t{n}.5\t-1e-2\n" for n in range(8))


def _series(text: str, form: str, **settings: Any) -> Format:
    name = f"Own_TRAIN.{form}"

    def reads(folder: Path) -> Ts:
        return Ts(folder=str(folder), train=name, test=f"Own_TEST.{form}", **settings)

    files = {name: text.encode(), f"Own_TEST.{form}": text.replace("0,1,", "2,1,").encode()}
    return Format(files, reads, r"read (\d+) series", whole_lines=True)


def drawing(number: int, *, raw: bool = False) -> dict[str, Any]:
    strokes: list[list[list[float]]] = [[[0, number, 5], [number, 2, 7]], [[9, 8], [number, 3]]]
    if raw:
        strokes = [[*stroke, list(range(len(stroke[0])))] for stroke in strokes]
    return {"word": "cat", "key_id": str(number), "recognized": True, "drawing": strokes}


def ndjson(*drawings: Any) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in drawings).encode()


def _ndjson(*, raw: bool) -> Format:
    return Format(
        {f"{name}.ndjson": ndjson(*(drawing(shift + n, raw=raw) for n in range(8))) for shift, name in
         ((0, "cat"), (20, "dog"))},
        lambda folder: QuickDraw(folder=str(folder)),
        r"read (\d+) drawings",
        whole_lines=True,
    )  # fmt: skip


def npz(**parts: Any) -> bytes:
    """Lists of arrays as object arrays; other values as they are."""
    arrays = {}
    for part, content in parts.items():
        arrays[part] = content
        if isinstance(content, list):
            arrays[part] = np.empty(len(content), dtype=object)
            arrays[part][:] = content
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def sketches(shift: int, count: int = 4) -> list[Any]:
    return [np.array([[n, shift, 0], [2, n, 1], [n, n, 1]], dtype=np.int16) for n in range(shift, shift + count)]


def _npz() -> Format:
    files = {
        f"{name}.npz": npz(train=sketches(at), valid=sketches(at + 10), test=sketches(at + 20))
        for at, name in ((0, "cat"), (50, "dog"))
    }
    return Format(files, lambda folder: QuickDraw(folder=str(folder)), r"read (\d+) drawings")


def sound(form: str, samples: Any = None, *, pitch: float = 440, seconds: float = 0.1, **how: Any) -> bytes:
    """A recording."""
    if samples is None:
        samples = 0.5 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * RATE)) / RATE)
    stream = io.BytesIO()
    soundfile.write(stream, np.asarray(samples, dtype=np.float32), RATE, format=form, **how)
    return stream.getvalue()


def _audio(form: str, seconds: float) -> Format:
    pitches = {
        f"{label}/{n}.{form}": pitch + 50 * n for label, pitch in (("low", 200), ("high", 900)) for n in range(4)
    }
    files = {name: sound(form, pitch=pitch, seconds=seconds) for name, pitch in pitches.items()}
    return Format(files, recordings, r"read (\d+) recordings")


def recordings(folder: Path, **settings: Any) -> AudioFolder:
    return AudioFolder(folder=str(folder), sample_rate=RATE, n_fft=256, hop=64, mels=20, **settings)


def _audio_table() -> Format:
    wavs = {f"{n}.wav": sound("wav", pitch=200 + 50 * n) for n in range(8)}
    rows = [
        ["file", "label", "split"],
        *([f"{n}.wav", f"kind {n % 2}", "train" if n < 6 else "test"] for n in range(8)),
    ]
    return Format(
        {"table.csv": table(rows, "csv"), **wavs},
        lambda folder: recordings(folder, table="table.csv"),
        r"read (\d+) recordings",
        whole_lines=True,
    )


FORMATS: dict[str, Format] = {
    **{
        f"{form} wide": _table(form, "wide", WIDE, WIDE_TEST,  r"read (\d+) sequences", target="label")
        for form in ("csv", "tsv", "parquet")
    },
    **{
        f"{form} long": _table(
            form, "long", LONG, LONG_TEST, r"in (\d+) rows",
            target="label", id="name", time="t",
        )
        for form in ("csv", "tsv", "parquet")
    },
    **{
        f"{form} windows": _table(
            form, "windows", SERIES, None, r"read (\d+) rows", target="y", time="date", context=4, horizon=2
        )
        for form in ("csv", "tsv", "parquet")
    },
    "ts": _series(TS, "ts"),
    "ts unequal": _series(UNEQUAL, "ts"),
    "ts values": _series(VALUES, "ts", missing="indicator"),
    "ucr tsv": _series(UCR, "tsv"),
    "ucr txt": _series(UCR.replace("\t", "  "), "txt"),
    "ndjson": _ndjson(raw=False),
    "ndjson raw": _ndjson(raw=True),
    "npz": _npz(),
    "wav": _audio("wav", 0.1),
    "flac": _audio("flac", 0.1),
    "ogg": _audio("ogg", 1.0),
    "mp3": _audio("mp3", 0.5),
    "audio table": _audio_table(),
}  # fmt: skip
