import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtrain.datasets.ndjson import read_lines
from seqtrain.datasets.strokes import steps_of
from seqtrain.errors import WrongInput

COORDINATE = st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6, width=32)
STROKE = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=1, max_size=10)
GOOD = {"word": "cat", "key_id": "1", "recognized": True, "drawing": [[[0, 3], [0, 4]]]}


def write(folder: Path, *lines: Any, end: str = "\n") -> Path:
    file = folder / "the cat.ndjson"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + end)
    return file


@given(st.lists(st.lists(STROKE, min_size=1, max_size=4), min_size=1, max_size=5), st.booleans())
def test_drawings_read_are_drawings_written(
    tmp_path_factory: pytest.TempPathFactory, drawings: list[list[list[tuple[float, float]]]], raw: bool
) -> None:
    lines = []
    for strokes in drawings:
        axes = [[list(axis) for axis in zip(*stroke, strict=True)] for stroke in strokes]
        lines.append({"drawing": [[*both, list(range(len(both[0])))] if raw else both for both in axes]})
    read = list(read_lines(write(tmp_path_factory.mktemp("drawings"), *lines)))
    assert [line.number for line in read] == list(range(1, len(drawings) + 1))
    for line, strokes in zip(read, drawings, strict=True):
        assert np.array_equal(line.steps, steps_of([np.array(stroke) for stroke in strokes]))


def test_a_line_says_word_key_and_whether_it_was_recognised(tmp_path: Path) -> None:
    plain = {"drawing": [[[1], [2]]]}
    first, second = read_lines(write(tmp_path, {**GOOD, "recognized": False}, "", plain, end=""))
    assert (first.number, first.word, first.key, first.recognized) == (1, "cat", "1", False)
    assert (second.number, second.word, second.key, second.recognized) == (3, None, None, True)
    assert second.steps.tolist() == [[0, 0, 1]]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (json.dumps(GOOD)[:40], "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("\ud800".encode("utf-8", "surrogatepass").decode("latin1"), "not JSON"),
        ('{"drawing": 1' + "0" * 5000 + "}", "not JSON"),
        ("[1, 2]", "key"),
        ({"strokes": []}, "strokes"),
        ({"drawing": []}, "list of strokes"),
        ({"drawing": None}, "list of strokes"),
        ({"drawing": [[1, 2]]}, "lists"),
        ({"drawing": [[[1, 2]]]}, "stroke 1"),
        ({"drawing": [[[0], [0]], [[], []]]}, "stroke 2 has no points"),
        ({"drawing": [[[0, 1], [0]]]}, "differ in length"),
        ({"drawing": [[[0, 1], [0, 1], [5]]]}, "differ in length"),
        ({"drawing": [[[0, "1"], [0, 1]]]}, "not a number"),
        ({"drawing": [[["0", "1"], ["0", "1"]]]}, "not a number"),
        ({"drawing": [[[0, None], [0, 1]]]}, "not a number"),
        ({"drawing": [[[0, [1]], [0, 1]]]}, "not a number"),
        ({"drawing": [[[[0], [1]], [[0], [1]]]]}, "not a number"),
        ({"drawing": [[[True], [False]]]}, "not a number"),
        ('{"drawing": [[[0, NaN], [0, 1]]]}', "NaN"),
        ('{"drawing": [[[0, -Infinity], [0, 1]]]}', "NaN, infinite"),
        ('{"drawing": [[[0, 1e999], [0, 1]]]}', "infinite"),
        ({"drawing": [[[0, 10**10], [0, 1]]]}, "beyond"),
        ({"drawing": [[[0, -(2**63)], [0, 1]]]}, "beyond"),
        ({"drawing": [[[0, 10**400], [0, 1]]]}, "not a number"),
    ],
)
def test_a_bad_line_is_named_with_its_file(tmp_path: Path, line: Any, reason: str) -> None:
    file = write(tmp_path, GOOD, line, GOOD)
    with pytest.raises(WrongInput, match=reason) as caught:
        list(read_lines(file))
    assert f"{file}, line 2" in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_file_that_was_cut_says_so_wherever_it_was_cut(tmp_path: Path) -> None:
    whole = json.dumps(GOOD) + "\n" + json.dumps(GOOD)
    for cut in range(len(whole) // 2 + 2, len(whole)):
        file = tmp_path / "cut.ndjson"
        file.write_text(whole[:cut])
        with pytest.raises(WrongInput, match=r"line 2 is not JSON \(the file ends here"):
            list(read_lines(file))


@pytest.mark.parametrize("content", ["", "\n", "  \n\n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "cat.ndjson"
    file.write_text(content)
    with pytest.raises(WrongInput, match=r"cat\.ndjson is empty"):
        list(read_lines(file))


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="cannot be read"):
        list(read_lines(tmp_path / "none.ndjson"))
