"""A file that was cut is refused; where the cut is between two lines, what is left is read whole and counted."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from formats import FORMATS, Format
from torch import Tensor

from seqtrain.errors import WrongInput
from seqtrain.sequences import Sets

CUTS = 50


def parts(sets: Sets) -> dict[str, Tensor]:
    """The steps of every sequence, by its name."""
    found = {}
    for part in (sets.train, sets.val, sets.test):
        for index in range(len(part) if part is not None else 0):
            assert part is not None
            start, length = int(part.starts[index]), int(part.lengths[index])
            found[part.name(index)] = part.steps[start : start + length]
    return found


def cuts(form: Format) -> list[int]:
    """Where to cut, evenly spread, neither at the start nor at the end."""
    return [len(form.good) * number // (CUTS + 1) for number in range(1, CUTS + 1)]


def loaded(form: Format, folder: Path, caplog: pytest.LogCaptureFixture) -> tuple[dict[str, Tensor] | str, int]:
    """What a folder holds, and how much the log says was read of it; or what WrongInput says."""
    caplog.clear()
    try:
        with caplog.at_level(logging.INFO, "seqtrain"):
            found = parts(form.reads(folder).load(0))
    except WrongInput as error:
        return str(error), 0
    said = re.search(form.counted, caplog.text)
    assert said is not None
    return found, int(said[1])


@pytest.mark.parametrize("name", FORMATS)
def test_a_cut_file_is_refused_or_read_up_to_a_line(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    form = FORMATS[name]
    path = form.write(tmp_path)
    good, count = loaded(form, tmp_path, caplog)
    assert isinstance(good, dict)
    lines = len(form.good.splitlines())
    refused = 0
    for end in cuts(form):
        left = form.good[:end]
        path.write_bytes(left)
        found, said = loaded(form, tmp_path, caplog)
        if isinstance(found, str):
            assert path.name in found, end
            refused += 1
            continue
        assert form.whole_lines, end
        assert count - said == lines - len(left.splitlines()), end
        if "windows" not in name:  # which are cut by shares of the rows
            assert found.keys() <= good.keys()
        assert all(steps.equal(good[each][: len(steps)]) for each, steps in found.items() if each in good)
    assert refused > CUTS // 2


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "audio table"])
def test_predicting_from_a_cut_file_loses_nothing_in_silence(name: str, tmp_path: Path) -> None:
    form = FORMATS[name]
    path = form.write(tmp_path)
    good = dict(items(form, path))
    for end in cuts(form):
        path.write_bytes(form.good[:end])
        found = dict(items(form, path))
        whole = {each: steps for each, steps in found.items() if isinstance(steps, Tensor)}
        between_lines = form.whole_lines and b"\n" in form.good[end - 1 : end + 1]
        assert len(whole) < len(found) or between_lines, end
        assert all(steps.equal(good[each][: len(steps)]) for each, steps in whole.items())


def items(form: Format, path: Path) -> Iterator[tuple[str, Tensor | WrongInput]]:
    """What there is to predict from, and last what is wrong with the file as a whole."""
    try:
        yield from form.reads(path.parent).read_inputs(path)
    except WrongInput as error:
        yield "the file", error
