"""What .ts, .tsv and .txt files say, and which of them cannot be right."""

import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqtrain.datasets.series import Series
from seqtrain.datasets.series_file import open_series
from seqtrain.datasets.ts import Ts
from seqtrain.errors import WrongInput

PLAIN = """# a comment
@problemName Plain
@timeStamps false
@univariate false
@dimensions 2
@equalLength true
@seriesLength 3
@classLabel true 1 15 b
@data
1,2,3:-1,-2.5,-3e0:1
4,5,6:-4,-5,-6:15
7,8.25,9:-7,-8,-9:b
"""
UNEQUAL = PLAIN.replace("@equalLength true\n@seriesLength 3", "@equalLength false").replace("7,8.25,9:-7,-8,-9", "7:-7")
TARGETS = "@problemname T\n@timestamps false\n@univariate true\n@targetlabel true\n@data\n1,2:0.5\n3,4:-12.25\n5,6:7\n"
ROWS = "1\t0.5\t-1.25\t3\n2\t1e-3\t4\t5\n1\t6\t7\tNaN\n"


def read(path: Path) -> list[Series]:
    found = []
    for _, series in open_series(path, "auto").series:
        if isinstance(series, WrongInput):
            raise series
        found.append(series)
    return found


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def made(text: str | bytes, form: str = ".ts") -> Path:
        path = tmp_path / f"Own_TRAIN{form}"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return made


def attempt(make: Callable[[], Any]) -> tuple[Any, str | None]:
    """What is made, or what WrongInput says."""
    try:
        return make(), None
    except WrongInput as error:
        return None, str(error)


def same(one: list[Series], other: list[Series]) -> bool:
    return len(one) == len(other) and all(
        a.label == b.label and torch.equal(a.steps.nan_to_num(1e9), b.steps.nan_to_num(1e9))
        for a, b in zip(one, other, strict=True)
    )


def test_dimensions_are_features_and_the_label_comes_last(write: Callable[..., Path]) -> None:
    first, _, last = read(write(PLAIN))
    assert first.steps.tolist() == [[1, -1], [2, -2.5], [3, -3]]
    assert (first.number, first.label, last.label) == (10, "1", "b")


def test_lengths_may_differ(write: Callable[..., Path]) -> None:
    assert [len(series.steps) for series in read(write(UNEQUAL))] == [3, 3, 1]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("@dimensions", "@DIMENSIONS").replace("@data", "@Data").replace("true", "True"),
        lambda text: text.replace("4,5", "# a comment\n\n4 , 5"),
        lambda text: text.replace("@data", "@madeBy hand\n@missing false\n@data"),
        lambda text: (
            text.replace("1 15 b", "1.0 1.5000000e+01 b").replace(":15", ":1.5e1").replace(":1\n", ": 1.00 \n")
        ),
        lambda text: text.replace("@equalLength true\n@seriesLength 3\n", ""),
    ],
)
def test_it_may_be_written_in_other_ways(write: Callable[..., Path], change: Callable[[str], str]) -> None:
    expected = read(write(PLAIN))
    assert same(read(write(change(PLAIN))), expected)


def test_question_marks_and_nan_are_missing(write: Callable[..., Path]) -> None:
    steps = read(write(PLAIN.replace("1,2,3", "?, ? ,NaN")))[0].steps
    assert steps[:, 0].isnan().all()
    assert not steps[:, 1].isnan().any()


def test_rows_begin_with_the_label_and_nan_fills_them_up(write: Callable[..., Path]) -> None:
    for text, form in [
        (ROWS, ".tsv"),
        (ROWS.replace("\t", "  "), ".txt"),
        ("  " + ROWS.replace("1\t0.5", "1.0e+00\t0.5"), ".txt"),
    ]:
        series = read(write(text, form))
        assert [one.label for one in series] == ["1", "2", "1"]
        assert [one.steps[:, 0].tolist() for one in series] == [[0.5, -1.25, 3], [pytest.approx(1e-3), 4, 5], [6, 7]]
    assert math.isnan(read(write("1\t?\t2\n", ".tsv"))[0].steps[0, 0])


WRONG = {
    "@dimensions 3": (
        "@dimensions 2",
        "@dimensions 3",
        "line 10 has 2 dimensions before its label, but the header says 3",
    ),
    "a dimension less": ("4,5,6:-4", "4,5,6,-4", "line 11 has 1 dimensions before its label, but the header says 2"),
    "lengths of dimensions": ("4,5,6", "4,5", r"line 11: its dimensions have \[2, 3\] values"),
    "@seriesLength 4": ("@seriesLength 3", "@seriesLength 4", "line 10 has 3 steps, but @seriesLength is 4"),
    "@equalLength true": ("@seriesLength 3\n", "", None),
    "an unknown label": (":15\n", ":2\n", "line 11 has the label '2', which @classLabel in line 8 does not list"),
    "no label": (":15\n", "\n", "line 11 has 1 dimensions"),
    "an empty label": (":15\n", ":\n", "line 11 has the label ''"),
    "no values": ("4,5,6:", ":", "line 11: dimension 1 has no values"),
    "a word": ("4,5,6", "4,five,6", "line 11, dimension 1: value 2 is 'five', no number"),
    "an empty value": ("4,5,6", "4,,6", "line 11, dimension 1: value 2 is '', no number"),
    "an underscore": ("4,5,6", "4,5_0,6", "value 2 is '5_0', no number"),
    "other digits": ("4,5,6", "4,٥,6", "value 2 is '٥', no number"),
    "1e30": ("4,5,6", "4,5,1e30", r"value 3 is '1e30', beyond 1e\+15"),
    "inf": ("-4,-5,-6", "-4,-inf,?", "line 11, dimension 2: value 2 is '-inf', beyond"),
    "no @data": ("@data\n", "", "line 9 is '1,2,3:.*', which is neither a tag nor @data"),
    "text in the header": ("@timeStamps false", "timeStamps", "line 3 is 'timeStamps', which is neither"),
    "a flag": ("@equalLength true", "@equalLength yes", "line 6: @equallength is 'yes', but it is true or false"),
    "a count": ("@dimensions 2", "@dimensions two", "line 5: @dimensions is 'two', but it is 1 or more"),
    "times": ("@timeStamps false", "@timeStamps true", "@timeStamps true is not read"),
    "univariate": ("@univariate false", "@univariate true", "@univariate true, but @dimensions 2"),
    "both labels": ("@data", "@targetLabel true\n@data", "both @classLabel and @targetLabel"),
    "neither label": ("@classLabel true 1 15 b\n", "", "neither @classLabel nor @targetLabel"),
    "labels of false": ("@classLabel true", "@classLabel false", "@classlabel false, followed by labels"),
}


@pytest.mark.parametrize("name", [name for name in WRONG if WRONG[name][2]])
def test_what_is_wrong_is_told_with_file_and_line(write: Callable[..., Path], name: str) -> None:
    before, after, message = WRONG[name]
    assert before in PLAIN
    with pytest.raises(WrongInput, match=message) as caught:
        read(write(PLAIN.replace(before, after)))
    assert "Own_TRAIN.ts" in str(caught.value)


def test_equal_length_holds_without_a_length(write: Callable[..., Path]) -> None:
    text = UNEQUAL.replace("@equalLength false", "@equalLength true")
    with pytest.raises(WrongInput, match="line 11 has 1 steps, but @equalLength is true and line 9 has 3"):
        read(write(text))
    text = UNEQUAL.replace("@equalLength false", "@equalLength false\n@seriesLength 2")
    with pytest.raises(WrongInput, match="line 10 has 3 steps, but @seriesLength is 2"):
        read(write(text))


def test_dimensions_that_nobody_declares_are_those_of_the_first_line(write: Callable[..., Path]) -> None:
    text = PLAIN.replace("@dimensions 2\n", "")
    assert read(write(text))[0].steps.shape == (3, 2)
    with pytest.raises(WrongInput, match="line 10 has 1 dimensions before its label, but line 9 has 2"):
        read(write(text.replace("4,5,6:", "")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\t2\t3\n2\n", "line 2 is '2', with no values after a label"),
        ("1\t2\t3\n2\t\t4\n", "line 2: value 1 is '', no number"),
        ("1,2,3\n", "line 1 is '1,2,3', with no values"),
        ("1\tNaN\tNaN\n", "line 1 has missing values only"),
        ("1\t2\tinf\n", "line 1: value 2 is 'inf', beyond"),
    ],
)
def test_rows_that_are_none_are_told(write: Callable[..., Path], text: str, message: str) -> None:
    with pytest.raises(WrongInput, match=message):
        read(write(text, ".tsv"))


@pytest.mark.parametrize(("text", "form"), [(PLAIN, ".ts"), (UNEQUAL, ".ts"), (TARGETS, ".ts"), (ROWS, ".tsv")])
def test_cut_anywhere_it_is_refused_or_whole_lines_are_left(write: Callable[..., Path], text: str, form: str) -> None:
    expected = read(write(text, form))
    for end in range(1, len(text)):
        path = write(text[:end], form)
        found, error = attempt(lambda path=path: read(path))  # type: ignore[misc]
        if error is not None:
            assert "Own_TRAIN" in error
        else:
            assert same(found, expected[: len(found)]), end
            assert "\n" in text[end - 1 : end + 1], end


def test_a_label_that_could_go_on_may_have_been_cut(write: Callable[..., Path]) -> None:
    assert read(write(PLAIN[:-1]))[-1].label == "b"
    with pytest.raises(WrongInput, match="line 10, the last one, has no line end"):
        read(write(PLAIN[: PLAIN.index(":1\n") + 2]))


def test_a_class_that_is_declared_and_gone_means_a_cut(write: Callable[..., Path]) -> None:
    path = write(PLAIN[: PLAIN.index("7,8.25")])
    with pytest.raises(
        WrongInput, match=r"line 8 lists the label 'b', which no series there has \(the last is in line 11"
    ):
        Ts(folder=str(path.parent), train=path.name).load(0)


def test_how_many_were_read_is_logged(write: Callable[..., Path], caplog: pytest.LogCaptureFixture) -> None:
    path = write(UNEQUAL)
    with caplog.at_level(logging.INFO, "seqtrain"):
        Ts(folder=str(path.parent), name="Own", train=path.name).load(0)
    assert "read 3 series of 1 to 3 steps, 2 features" in caplog.text


VALUES = st.one_of(st.none(), st.floats(-1e6, 1e6, width=32))
LABELS = st.lists(st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True), min_size=1, max_size=5, unique=True)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.integers(1, 4), LABELS | st.none(), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_read_back(
    tmp_path: Path, data: st.DataObject, features: int, labels: list[str] | None, end: str
) -> None:
    kind = "@TargetLabel true" if labels is None else f"@classlabel true {' '.join(labels)}"
    lines = ["# made up", f"@DIMENSIONS {features}", kind, "@equallength false", "@data"]
    expected = []
    for _ in range(data.draw(st.integers(1, 6))):
        length = data.draw(st.integers(1, 9))
        steps = [data.draw(st.lists(VALUES, min_size=length, max_size=length)) for _ in range(features)]
        label = repr(data.draw(st.floats(-1e6, 1e6))) if labels is None else data.draw(st.sampled_from(labels))
        lines.append(":".join([*(",".join("?" if v is None else repr(v) for v in each) for each in steps), label]))
        expected.append((torch.tensor([[math.nan if v is None else v for v in each] for each in steps]).T, label))
    path = tmp_path / "made.ts"
    path.write_text(end.join([*lines, ""]), newline="")
    found = read(path)
    assert len(found) == len(expected)
    for series, (values, label) in zip(found, expected, strict=True):
        assert torch.equal(series.steps.nan_to_num(1e9), values.nan_to_num(1e9))
        assert series.label == label if labels is not None else float(str(series.label)) == float(label)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.sampled_from(["1", "2", "up"]), st.lists(VALUES, min_size=1, max_size=9)), min_size=1),
    form=st.sampled_from([".tsv", ".txt"]),
    padded=st.booleans(),
)
def test_rows_that_are_written_are_read_back(
    tmp_path: Path, rows: list[tuple[str, list[float | None]]], form: str, padded: bool
) -> None:
    rows = [(label, [*values, 0.5]) for label, values in rows]  # what is missing at the end is no step
    longest = max(len(values) for _, values in rows) if padded else 0
    lines = [
        [label, *("NaN" if v is None else repr(v) for v in values), *["NaN"] * (longest - len(values))]
        for label, values in rows
    ]
    path = tmp_path / f"made{form}"
    path.write_text("".join(("\t" if form == ".tsv" else "  ").join(line) + "\n" for line in lines))
    found = read(path)
    assert [series.label for series in found] == [label for label, _ in rows]
    for series, (_, values) in zip(found, rows, strict=True):
        expected = torch.tensor([math.nan if v is None else v for v in values])[:, None]
        assert torch.equal(series.steps.nan_to_num(1e9), expected.nan_to_num(1e9))
