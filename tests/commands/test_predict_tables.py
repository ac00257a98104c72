"""`seqtrain predict` on tables: columns are those that the model learnt from, by their names, wherever they stand."""

import csv
import random
from pathlib import Path

import pytest
from composing import QUICK, trained
from conftest import Told

LONG = ["data.layout=long", "data.id=walker", "data.time=time", "data.target=pace"]
WINDOWS = ["data.layout=windows", "data.time=time", "data.target=speed", "data.context=4", "data.rows=[30,10,10]"]
LAYOUTS = {"wide": ["data.target=pace", "data.id=walker"], "long": LONG, "windows": WINDOWS}


def made(layout: str) -> list[dict[str, object]]:
    """Rows of a table whose two features differ in scale, so that an exchange of them is seen."""
    draw = random.Random(0)
    if layout == "wide":
        steps = range(6)
        return [
            {"walker": f"w{n}", **{f"s{t}": draw.gauss(t * n % 5, 1) for t in steps}, "pace": ("slow", "fast")[n % 2]}
            for n in range(20)
        ]
    count, length = (1, 50) if layout == "windows" else (20, 5)
    return [
        {
            "walker": f"w{n}",
            "time": t,
            "speed": draw.gauss(n % 2, 1),
            "temp": draw.gauss(50, 9),
            "pace": ("slow", "fast")[n % 2],
        }
        for n in range(count)
        for t in range(length)
    ]


def write(path: Path, rows: list[dict[str, object]], columns: list[str]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", restval="7")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(params=LAYOUTS)
def table(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[list[dict[str, object]], list[str]]:
    """A run on a table in `run`, the rows of the table, and its columns."""
    rows = made(request.param)
    columns = [name for name in rows[0] if request.param != "windows" or name not in ("walker", "pace")]
    write(tmp_path / "train.csv", rows, columns)
    source = ["data=table", f"data.root={tmp_path}", "data.folder=.", "data.train=train.csv", "model=rnn"]
    task = ["task=regression"] if request.param == "windows" else []
    trained(tmp_path / "run", *source, *LAYOUTS[request.param], *task, *QUICK)
    return rows, columns


def test_columns_are_found_by_their_names(
    told: Told, tmp_path: Path, table: tuple[list[dict[str, object]], list[str]]
) -> None:
    rows, columns = table
    shuffled = ["extra", *columns[::-1]]
    write(tmp_path / "same.csv", rows, columns)
    write(tmp_path / "other.csv", rows, shuffled)
    for name in ("same", "other"):
        status, said = told("predict", "run", f"{name}.csv", f"output={name}_out.csv")
        assert status == 0, said
    assert (tmp_path / "same_out.csv").read_text() == (tmp_path / "other_out.csv").read_text()


def test_a_column_that_is_not_there_is_told_once(
    told: Told, tmp_path: Path, table: tuple[list[dict[str, object]], list[str]]
) -> None:
    rows, columns = table
    gone = "s3" if "s3" in columns else "temp"
    write(tmp_path / "fewer.csv", rows, [name for name in columns if name != gone])
    status, said = told("predict", "run", "fewer.csv", "output=out.csv")
    assert status == 2
    assert f"a column that the model learnt from is {gone}, but fewer.csv has no such column" in said
    assert said.count("skipped: ") == 1
