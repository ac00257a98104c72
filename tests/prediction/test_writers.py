"""What is read back from a file of predictions is what was predicted."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from seqtrain.batch import Spec
from seqtrain.errors import WrongInput
from seqtrain.prediction.answers import Answer
from seqtrain.prediction.writers import write, write_stream

CLASSES = Spec(3, 1, 9, "classes", 2, ("big cat", "dog"), (1, 1))
STEPS = Spec(3, 1, 9, "step_classes", 2, ("big cat", "dog"), (1, 1))
VALUE = Spec(3, 1, 9, "values", 1)
VALUES = Spec(3, 1, 9, "step_values", 2)

WHOLE = [[Answer("a", torch.tensor([0.1, 0.9]))], [Answer("ü, b", torch.tensor([0.75, 0.25]))]]
EACH = [[Answer("a", torch.tensor([[0.1, 0.9], [0.75, 0.25]])), Answer("b", torch.tensor([[1.5, -2.0]]))]]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def said(batches: list[list[Answer]], spec: Spec, kind: str) -> str:
    stream = io.StringIO()
    write_stream(batches, spec, stream, kind)
    return stream.getvalue()


def test_csv_has_a_row_an_item_and_a_column_a_class() -> None:
    assert rows(said(WHOLE, CLASSES, "csv")) == [
        {"id": "a", "prediction": "dog", "probability_big cat": "0.1", "probability_dog": "0.9"},
        {"id": "ü, b", "prediction": "big cat", "probability_big cat": "0.75", "probability_dog": "0.25"},
    ]


def test_csv_has_a_row_a_step() -> None:
    assert said(EACH, VALUES, "csv").splitlines() == [
        "id,step,prediction_0,prediction_1",
        "a,0,0.1,0.9",
        "a,1,0.75,0.25",
        "b,0,1.5,-2.0",
    ]
    assert [row["prediction"] for row in rows(said(EACH, STEPS, "csv"))] == ["dog", "big cat", "big cat"]


def test_one_value_is_called_prediction() -> None:
    assert rows(said([[Answer("a", torch.tensor([2.5]))]], VALUE, "csv")) == [{"id": "a", "prediction": "2.5"}]
    assert json.loads(said([[Answer("a", torch.tensor([2.5]))]], VALUE, "jsonl")) == {"id": "a", "prediction": 2.5}


def test_json_lines_have_an_object_an_item() -> None:
    first, second = map(json.loads, said(WHOLE, CLASSES, "jsonl").splitlines())
    assert first == {"id": "a", "prediction": "dog", "probabilities": {"big cat": 0.1, "dog": 0.9}}
    assert second["id"] == "ü, b"
    steps = json.loads(said(EACH, STEPS, "jsonl").splitlines()[0])
    assert steps["prediction"] == ["dog", "big cat"]
    assert steps["probabilities"] == {"big cat": [0.1, 0.75], "dog": [0.9, 0.25]}
    assert json.loads(said(EACH, VALUES, "jsonl").splitlines()[1]) == {"id": "b", "prediction": [[1.5, -2.0]]}


@pytest.mark.parametrize(("batches", "spec"), [(WHOLE, CLASSES), (EACH, STEPS), (EACH, VALUES)])
def test_parquet_holds_what_csv_holds(tmp_path: Path, batches: list[list[Answer]], spec: Spec) -> None:
    polars = pytest.importorskip("polars")
    write(batches, spec, tmp_path / "new" / "out.parquet")
    table = polars.read_parquet(tmp_path / "new" / "out.parquet")
    assert [{k: str(v) for k, v in row.items()} for row in table.to_dicts()] == rows(said(batches, spec, "csv"))


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_an_error_leaves_the_file_that_was_there(tmp_path: Path, ending: str) -> None:
    if ending == "parquet":
        pytest.importorskip("polars")
    output = tmp_path / f"out.{ending}"
    output.write_text("before")

    def broken() -> Iterator[list[Answer]]:
        yield WHOLE[0]
        raise WrongInput("the second item is torn")

    with pytest.raises(WrongInput, match="the second item is torn"):
        write(broken(), CLASSES, output)
    assert output.read_text() == "before"
    assert list(tmp_path.iterdir()) == [output]


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match=r"must be one of \.csv, \.jsonl"):
        write([], CLASSES, tmp_path / "out.xlsx")
