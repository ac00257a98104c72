"""Files with random bytes changed, taken out and put in: read in full and counted, or told in a line, and soon.

A few of each format in every run; 10,000 of each with `make test-faults`.
"""

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from formats import FORMATS, Format
from mutations import mutated
from torch import Tensor

from seqtrain.errors import WrongInput
from seqtrain.loading import Loading, load_data

SECONDS = 5.0


@pytest.mark.parametrize("count", [30, pytest.param(10_000, marks=pytest.mark.faults)])
@pytest.mark.parametrize("name", FORMATS)
def test_a_mutated_file_is_read_and_counted_or_told(name: str, count: int, tmp_path: Path) -> None:
    form = FORMATS[name]
    path = form.write(tmp_path)
    refused = 0
    with noted() as notes:
        for seed in range(count):
            path.write_bytes(mutated(form.good, seed))
            notes.clear()
            started = time.monotonic()
            refused += not is_read(form, tmp_path, notes, seed)
            if name != "audio table":
                check_items(form, path, seed)
            assert time.monotonic() - started < SECONDS, seed
    assert 0 < refused < count


def is_read(form: Format, folder: Path, notes: list[str], seed: int) -> bool:
    """Whether what is left can be learnt from, as the command would."""
    try:
        data = load_data(form.reads(folder), Loading(val_fraction=0.25, duplicates="warn"), seed=0)
    except WrongInput as error:
        check_message(error, seed)
        return False
    assert any(re.search(form.counted, note) for note in notes), seed
    for part in (data.train, data.val, data.test):
        assert part is None or bool(part.steps.isfinite().all() and part.targets.isfinite().all()), seed
    return True


def check_items(form: Format, path: Path, seed: int) -> None:
    """What there is to predict from is finite numbers, or said to be wrong."""
    try:
        for _, steps in form.reads(path.parent).read_inputs(path):
            if isinstance(steps, Tensor):
                assert steps.isfinite().all(), seed
            else:
                check_message(steps, seed)
    except WrongInput as error:
        check_message(error, seed)


def check_message(error: WrongInput, seed: int) -> None:
    assert str(error).isprintable(), seed
    assert len(str(error)) < 1000, seed


@contextmanager
def noted() -> Iterator[list[str]]:
    """What seqtrain logs within."""
    notes: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: notes.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("seqtrain")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False  # pytest would keep them all
    try:
        yield notes
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = True
