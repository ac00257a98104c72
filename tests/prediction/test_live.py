"""Each line that comes is answered before the next is read."""

import csv
import io
import json
from collections.abc import Iterator

import pytest
import torch
from test_answers import Told, make_trained
from test_padding import FEATURES

from seqtrain.prediction.live import answer_steps
from seqtrain.trained import Trained


@pytest.fixture
def trained() -> Trained:
    return make_trained("model=lstm", task="step_regression")


def answered(trained: Trained, lines: list[str], *, json_lines: bool = False) -> tuple[str, Told]:
    output, bad = io.StringIO(), Told()
    list(answer_steps(lines, trained.stepper(), trained.spec, output, json_lines=json_lines, bad=bad))
    return output.getvalue(), bad


def test_answers_are_those_of_the_whole_sequence(trained: Trained) -> None:
    steps = torch.randn(6, FEATURES)
    lines = ["a,b,c", *(",".join(map(str, step.tolist())) for step in steps[:3]), "", *map(str, steps[3:].tolist())]
    text, bad = answered(trained, [line + "\n" for line in lines])
    rows = [[float(cell) for cell in row] for row in list(csv.reader(io.StringIO(text)))[1:]]
    assert text.splitlines()[0] == "line,prediction_0,prediction_1"
    assert [row[0] for row in rows] == [2, 3, 4, 6, 7, 8]
    expected = torch.cat(list(trained.outputs([steps[:3], steps[3:]])))
    torch.testing.assert_close(torch.tensor(rows)[:, 1:], expected, rtol=1e-5, atol=1e-6)
    assert not bad


def test_json_lines_and_classes(trained: Trained) -> None:
    trained = make_trained("model=gru", task="step_classification")
    text, _ = answered(trained, ["[1, 2, 3]\n"], json_lines=True)
    found = json.loads(text)
    assert found["line"] == 1
    assert found["prediction"] in trained.classes
    assert sum(found["probabilities"].values()) == pytest.approx(1)


def test_an_answer_comes_before_the_next_line_is_asked_for(trained: Trained) -> None:
    output = io.StringIO()

    def lines() -> Iterator[str]:
        for count in range(4):
            assert len(output.getvalue().splitlines()) == 1 + count
            yield "1,2,3\n"

    assert len(list(answer_steps(lines(), trained.stepper(), trained.spec, output, json_lines=False, bad=Told()))) == 4


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,2", "has 2 values but the model reads 3 features"),
        ("[1, 2, 3, 4]", "has 4 values"),
        ("1,x,3", "give 3 numbers with commas, or a JSON array"),
        ('[1, "2", 3]', "has 3 values"),
        ("[1, 2,", "give 3 numbers"),
        ("1,nan,3", "give finite numbers"),
        ("1,2,1e39", "give finite numbers"),
        ("[" * 100_000, "give 3 numbers"),
        ("1" + "0" * 400 + ",2,3", "give finite numbers"),
        ("{}", "give 3 numbers"),
    ],
)
def test_a_bad_line_is_told_and_not_read(trained: Trained, line: str, message: str) -> None:
    text, bad = answered(trained, ["1,2,3\n", line + "\n", "4,5,6\n"])
    assert message in bad["line 2"]
    without, _ = answered(trained, ["1,2,3\n", "4,5,6\n"])
    assert [row.partition(",")[2] for row in text.splitlines()] == [
        row.partition(",")[2] for row in without.splitlines()
    ]
