"""Answers into a file or stream as they come: CSV, JSON lines or Parquet."""

import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TextIO

from seqtrain.batch import Spec
from seqtrain.errors import WrongInput
from seqtrain.prediction.answers import Answer
from seqtrain.prediction.rows import column_types, columns, record

Format = Literal["csv", "jsonl", "parquet"]
_ENDINGS: dict[str, Format] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


def format_of(path: Path) -> Format:
    """What a file's ending says. WrongInput: none that is written."""
    if path.suffix.lower() not in _ENDINGS:
        raise WrongInput(f"output is {path}: its ending must be one of {', '.join(_ENDINGS)}")
    return _ENDINGS[path.suffix.lower()]


def write(batches: Iterable[list[Answer]], spec: Spec, output: Path) -> None:
    """Into a file, which appears whole when all is written, or not at all."""
    kind = format_of(output)
    with appearing(output) as path:
        if kind == "parquet":
            _write_parquet(batches, spec, path)
            return
        with path.open("w", newline="", encoding="utf-8") as stream:
            write_stream(batches, spec, stream, kind)


@contextmanager
def appearing(output: Path) -> Iterator[Path]:
    """A file beside `output` to write to, which takes its name at the end, and is removed where there is an error."""
    temporary = output.with_name(output.name + ".tmp")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(output)
    except OSError as error:
        raise WrongInput(f"cannot write {output}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def write_stream(batches: Iterable[list[Answer]], spec: Spec, stream: TextIO, kind: Format) -> None:
    """Into a text stream, flushed after each batch."""
    if kind == "csv":
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(column_types(spec))
        for some in batches:
            table.writerows(zip(*columns(some, spec).values(), strict=True))
            stream.flush()
        return
    for some in batches:
        stream.writelines(json.dumps(record(answer, spec), ensure_ascii=False) + "\n" for answer in some)
        stream.flush()


def _write_parquet(batches: Iterable[list[Answer]], spec: Spec, path: Path) -> None:
    import polars
    from polars.io.plugins import register_io_source

    kinds = {str: polars.String, int: polars.Int64, float: polars.Float64}
    schema = {name: kinds[kind] for name, kind in column_types(spec).items()}

    def frames(with_columns: Any, predicate: Any, n_rows: Any, batch_size: Any) -> Iterator[polars.DataFrame]:
        for some in batches:
            yield polars.DataFrame(columns(some, spec), schema=schema)

    register_io_source(frames, schema=schema).sink_parquet(path, engine="streaming")
