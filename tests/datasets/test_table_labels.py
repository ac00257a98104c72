"""Several labels of a table's sequences: words in one column, or columns of 0 and 1."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from seqtrain.datasets.table import Table
from seqtrain.errors import WrongInput

WIDE = "kinds,t0,t1\nrain; wind,1,2\n,3,4\nwind;wind,5,\n1.0,7,8\n"
LONG = "name,kinds,x\na,rain;wind,1\na,rain;wind,2\nb,,3\nb,,4\nc,wind,5\n"
COLUMNS = "rain,wind,t0,t1\n1,1,1,2\n0,0,3,4\n0,1.0,5,6\n"


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Table]:
    def made(text: str, **settings: Any) -> Table:
        (tmp_path / "a.csv").write_text(text)
        given = {"target": "kinds", "predicts": "labels", "test_fraction": 0.0} | settings
        return Table(train="a.csv", root=str(tmp_path), **given)

    return made


def targets(data: Table) -> tuple[tuple[str, ...], list[list[float]]]:
    sets = data.load(0)
    assert sets.predicts == "labels"
    assert not sets.scale_targets
    assert sets.train.targets.dtype == torch.float32
    return sets.classes, sets.train.targets.tolist()


def test_a_column_may_hold_any_number_of_labels(table: Callable[..., Table]) -> None:
    labels, found = targets(table(WIDE))
    assert labels == ("1", "rain", "wind")
    assert found == [[0, 1, 1], [0, 0, 0], [0, 0, 1], [1, 0, 0]]
    labels, found = targets(table(LONG, layout="long", id="name"))
    assert labels == ("rain", "wind")
    assert found == [[1, 1], [0, 0], [0, 1]]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_columns_of_0_and_1_may_be_labels(table: Callable[..., Table], tmp_path: Path, form: str) -> None:
    data = table(COLUMNS, target=["rain", "wind"])
    if form == "parquet":
        pl = pytest.importorskip("polars")
        pl.read_csv(tmp_path / "a.csv").write_parquet(tmp_path / "a.parquet")
        data = Table(train="a.parquet", root=str(tmp_path), target=["rain", "wind"], predicts="labels")
    assert targets(data) == (("rain", "wind"), [[1, 1], [0, 0], [0, 1]])
    sets = data.load(0)
    steps: Tensor = sets.train.batch(torch.tensor([0])).inputs
    assert steps[0, :, 0].tolist() == [1, 2]  # labels are not learnt from


@pytest.mark.parametrize(
    ("text", "settings", "told"),
    [
        (
            COLUMNS.replace("1.0", "2"),
            {"target": ["rain", "wind"]},
            "line 4, column 'wind' is 2: where several columns",
        ),
        (COLUMNS.replace("1.0", ""), {"target": ["rain", "wind"]}, "line 4, column 'wind' has no value to predict"),
        (WIDE.replace("rain; wind", "a" * 101), {}, "line 2, column 'kinds' has 'aaa.*: no label"),
        ("kinds,t0\n,1\n,2\n", {}, "has no label in its column 'kinds'"),
        (
            LONG.replace("a,rain;wind,2", "a,rain,2"),
            {"layout": "long", "id": "name"},
            "line 3 has 'rain' in its column",
        ),
        (
            "kinds,side,t0\nrain,train,1\nsnow;rain,test,2\n",
            {"split": "side"},
            "line 3 has the label 'snow', which nothing in the training set has",
        ),
        (WIDE, {"layout": "windows"}, "predicts is labels but layout is windows"),
    ],
)
def test_what_cannot_be_labels_is_named(
    table: Callable[..., Table], text: str, settings: dict[str, Any], told: str
) -> None:
    with pytest.raises(WrongInput, match=told):
        table(text, **settings).load(0)
