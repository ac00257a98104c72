"""What rows CSV, TSV and Parquet files have, and which files cannot be right."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqtrain.datasets import table_text
from seqtrain.datasets.table_file import open_table, whole
from seqtrain.datasets.table_rows import Rows, named, numbers, times, words
from seqtrain.datasets.table_wide import joined
from seqtrain.errors import WrongInput

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cs"]), max_size=5)


def read(path: Path) -> Rows:
    return joined(list(whole(open_table(path))))


def written(folder: Path, text: str | bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize(("name", "separator"), [("a.csv", ","), ("a.csv", ";"), ("a.txt", "\t"), ("a.tsv", "\t")])
def test_separators_and_line_ends_are_found(tmp_path: Path, name: str, separator: str, ending: str) -> None:
    text = ending.join(["\ufeffa,b", "1,2", "", "3,x", ""]).replace(",", separator)
    rows = read(written(tmp_path, text, name))
    assert rows.cells.rows() == [("1", "2"), ("3", "x")]
    assert rows.numbers.tolist() == [2, 4]
    assert rows.place(1) == f"{tmp_path / name}, line 4"


def test_quoted_cells_may_hold_separators_and_line_ends(tmp_path: Path) -> None:
    rows = read(written(tmp_path, '"a ""q""",b\n"1,5","x\ny"\n2,\n\n"3",z\n'))
    assert rows.cells.columns == ['a "q"', "b"]
    assert rows.cells.rows() == [("1,5", "x\ny"), ("2", None), ("3", "z")]
    assert rows.numbers.tolist() == [2, 4, 6]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=8), block=st.integers(1, 40))
def test_what_polars_writes_is_read_back_whatever_the_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[tuple[str, str, str]], block: int
) -> None:
    monkeypatch.setattr(table_text, "_BLOCK", block)
    frame = pl.DataFrame(rows, schema=["a", "b", "c"], orient="row")
    frame.write_csv(tmp_path / "a.csv", quote_style="always")
    empty = frame.with_columns(pl.all().replace("", None))
    assert read(tmp_path / "a.csv").cells.rows() == empty.rows()
    frame.write_parquet(tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet").cells.rows() == frame.rows()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.floats(-1e15, 1e15) | st.none(), min_size=3, max_size=3), min_size=1, max_size=8),
    st.sampled_from(["", "NaN", "na", "?", " null "]),
)
def test_numbers_are_read_back(tmp_path: Path, values: list[list[float | None]], mark: str) -> None:
    lines = [",".join(mark if each is None else repr(each) for each in row) for row in values]
    expected = np.array(values, dtype=float)
    found, empty = numbers(read(written(tmp_path, "\n".join(["a,b,c", *lines, ""]))), ["c", "a"])
    np.testing.assert_array_equal(found, expected[:, [2, 0]])
    assert (empty == (np.isnan(found) & (mark == ""))).all()
    pl.DataFrame(values, schema=dict.fromkeys("abc", pl.Float64), orient="row").write_parquet(tmp_path / "a.parquet")
    found, empty = numbers(read(tmp_path / "a.parquet"), ["a", "b"])
    np.testing.assert_array_equal(found, expected[:, :2])
    assert (empty == np.isnan(found)).all()


@pytest.mark.parametrize("cell", ["abc", "1,5", "1_0", "0x1", "inf", "-Infinity", "1e30", "1e400", "٣", "1 2", "--"])
def test_what_is_no_number_is_named_with_its_line_and_column(tmp_path: Path, cell: str) -> None:
    rows = read(written(tmp_path, f'a,b\n1,2\n3,"{cell}"\n'))
    with pytest.raises(WrongInput, match=r"a\.csv, line 3, column 'b' is '.*', (no number|beyond 1e\+15)"):
        numbers(rows, ["a", "b"])


@pytest.mark.parametrize("value", [np.inf, 1e30])
def test_numbers_of_parquet_files_are_checked_too(tmp_path: Path, value: float) -> None:
    pl.DataFrame({"a": [1.0, value]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(WrongInput, match=r"a\.parquet, row 2, column 'a'"):
        numbers(read(tmp_path / "a.parquet"), ["a"])
    pl.DataFrame({"a": [[1.0]]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(WrongInput, match="'a' holds List"):
        numbers(read(tmp_path / "a.parquet"), ["a"])


def test_labels_are_text_and_whole_numbers_are_written_as_such(tmp_path: Path) -> None:
    rows = read(written(tmp_path, "a,b\n 1.0 ,x\n1.5,\n1,y\n"))
    assert words(rows, "a").to_list() == ["1", "1.5", "1"]
    assert words(rows, "b").to_list() == ["x", None, "y"]
    with pytest.raises(WrongInput, match="line 3, column 'b' is empty"):
        named(rows, "b")
    pl.DataFrame({"a": [2.0, None, 0.5]}).write_parquet(tmp_path / "a.parquet")
    assert words(read(tmp_path / "a.parquet"), "a").to_list() == ["2", None, "0.5"]
    with pytest.raises(WrongInput, match="no label"):
        words(read(written(tmp_path, f"a\n{'x' * 200}\n")), "a")


@pytest.mark.parametrize(
    ("cells", "apart"),
    [
        (["3", "4.5"], 1.5),
        (["2016-07-01", "2016-07-02"], 86_400e6),
        (["2016-07-01 23:00:00", "2016-07-02 00:00:00"], 3600e6),
        (["2016-07-01T23:00:00Z", "2016-07-02T00:00:00Z"], 3600e6),
    ],
)
def test_times_are_numbers_or_dates(tmp_path: Path, cells: list[str], apart: float) -> None:
    first, second = times(read(written(tmp_path, "\n".join(["t", *cells, ""]))), "t")
    assert second - first == apart


@pytest.mark.parametrize(
    "cells", [["01/02/2020", "02/02/2020"], ["2020-01-01", "x"], ["1", ""], ["1", "nan"], ["a", "b"]]
)
def test_times_that_are_neither_are_refused(tmp_path: Path, cells: list[str]) -> None:
    rows = read(written(tmp_path, "\n".join(["t,x", *(f"{cell},1" for cell in cells), ""])))
    with pytest.raises(WrongInput, match=r"line [23], column 't' is .*neither a number nor a date"):
        times(rows, "t")


def test_dates_of_parquet_files_are_times(tmp_path: Path) -> None:
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 1, 2), eager=True)
    pl.DataFrame({"t": days, "u": days.cast(pl.Datetime("ms"))}).write_parquet(tmp_path / "a.parquet")
    rows = read(tmp_path / "a.parquet")
    assert np.diff(times(rows, "t")) == 86_400e6
    assert np.diff(times(rows, "u")) == 86_400e3


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,b", "line 1, the last one, has no line end"),
        ("a,b\n1,2\n3", "line 3, the last one, has no line end"),
        ("a,b\n1,2\n3\n", "line 3 has 1 cells, but the header has 2"),
        ("a,b\n\n1,2,3\n", "line 3 has 3 cells, but the header has 2"),
        ('a,b\n"1",2\n3\n', "line 3 has 1 cells"),
        ('a,b\n1,"2\n3,4\n', "line 2 or after it has a quotation mark without a partner"),
        ('a,b\n1,"2"3\n', "line 2 cannot be read"),
        ('a"b\nc"d,e\n1,2\n', "line 1 has a quotation mark within a name"),
        ("\ufeff\na,b\n1,2\n", "line 1 is empty, and has to name the columns"),
        ("a,,b\n1,2,3\n", "line 1: column 2 of 3 has no name"),
        ("a,b,a\n1,2,3\n", "line 1 names the column 'a' more than once"),
        ("a,b\r1,2\r3,4\n", "carriage returns only"),
        (b"a,b\n1,2\n1,\xff\n", "line 3 is no UTF-8 text"),
        (b"a,b\n1,2\n1,\x00\n", "line 3 has a zero byte"),
    ],
)
def test_what_cannot_be_a_table_is_named_with_its_line(tmp_path: Path, text: Any, reason: str) -> None:
    with pytest.raises(WrongInput, match=rf"a\.csv.*{reason}"):
        read(written(tmp_path, text))


def test_files_that_are_no_tables_are_told(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="is a folder"):
        open_table(tmp_path)
    with pytest.raises(WrongInput, match=r"ends in none of \.csv"):
        open_table(written(tmp_path, "a\n", "a.xls"))
    with pytest.raises(WrongInput, match=r"gone\.csv cannot be read: No such file"):
        open_table(tmp_path / "gone.csv")
    with pytest.raises(WrongInput, match=r"a\.parquet cannot be read as Parquet"):
        open_table(written(tmp_path, "a,b\n", "a.parquet"))


def test_a_cut_parquet_file_is_told_wherever_it_is_cut(tmp_path: Path) -> None:
    pl.DataFrame({"a": np.arange(300.0), "b": [f"n{i}" for i in range(300)]}).write_parquet(tmp_path / "a.parquet")
    whole_file = (tmp_path / "a.parquet").read_bytes()
    for place in range(0, len(whole_file), max(1, len(whole_file) // 50)):
        with pytest.raises(WrongInput, match=r"a\.parquet cannot be read as Parquet"):
            read(written(tmp_path, whole_file[:place], "a.parquet"))


def test_a_wrong_column_is_told_with_those_that_are_there(tmp_path: Path) -> None:
    file = open_table(written(tmp_path, "speed,label\n1,a\n"))
    with pytest.raises(WrongInput, match=r"target is lable, but .*did you mean label\? \(it has speed, label\)"):
        file.column("target", "lable")
    with pytest.raises(WrongInput, match="its first line has to name the columns"):
        open_table(written(tmp_path, "1,2.5\n3,4\n")).column("target", "label")


def test_a_stream_is_read_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_text, "_BLOCK", 7)
    lines = "".join(f"{n},{n * n}\n" for n in range(50))
    blocks = list(whole(open_table(io.StringIO("a,b\n" + lines))))
    assert len(blocks) > 10
    assert joined(blocks).cells["b"].to_list() == [str(n * n) for n in range(50)]
    piped = io.TextIOWrapper(io.BufferedReader(io.BytesIO(f"a,b\n{lines}".encode())))
    assert joined(list(whole(open_table(piped)))).numbers.tolist() == [*range(2, 52)]
