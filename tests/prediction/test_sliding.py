"""What is predicted from a file, row by row, is what an evaluation of its windows says."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from composing import QUICK, trained

from seqtrain.carried import Carried
from seqtrain.commands.run_data import load_run_data
from seqtrain.errors import WrongInput
from seqtrain.prediction.sliding import sliding_answers
from seqtrain.stored_config import part_of
from seqtrain.trained import Trained, load

CONTEXT = 4


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that carried its state over a series of its own to train and to test on."""
    folder = tmp_path_factory.mktemp("series")
    torch.manual_seed(0)
    for name, rows in (("train", 120), ("test", 43)):
        walk = torch.randn(rows).cumsum(0).tolist()
        (folder / f"{name}.csv").write_text("\n".join(["x", *map(str, walk), ""]))
    words = ["data=table", "task=regression", "data.layout=windows", "data.train=train.csv", "data.test=test.csv"]
    words += [f"data.root={folder}", "data.target=x", f"data.context={CONTEXT}", f"data.stride={CONTEXT}"]
    trained(folder / "run", *words, "data.carry_state=true", "model=gru", "model.hidden=6", *QUICK)
    return folder / "run"


def in_windows(model: Trained) -> dict[int, float]:
    """The row that a window of the test file ends with, and what is predicted from it in the evaluation."""
    data = load_run_data(model, part_of(model.config, "data"))
    read = Carried(model.network)
    with torch.no_grad():
        batches = [batch for chunk in data.plain(data.test, chunk=1) for batch in chunk]
        answers = [(int(batch.indices[0]), float(read(batch)[0])) for batch in batches]
    return {(window + 1) * CONTEXT - 1: answer for window, answer in answers}


def test_every_row_is_answered_with_the_state_of_all_before(run: Path, told: Callable[..., tuple[int, str]]) -> None:
    output = run.parent / "answers.csv"
    status, _ = told("predict", str(run), str(run.parent / "test.csv"), f"output={output}")
    assert status == 0
    with open(output, newline="") as file:
        predicted = [float(row["prediction"]) for row in csv.DictReader(file)]
    assert len(predicted) == 43 - CONTEXT + 1
    expected = in_windows(load(run))
    assert len(expected) == 10
    for row, answer in expected.items():
        assert predicted[row - CONTEXT + 1] == pytest.approx(answer, abs=1e-5)


def test_the_evaluation_says_what_the_training_said(run: Path, told: Callable[..., tuple[int, str]]) -> None:
    status, _ = told("evaluate", str(run), "resamples=10", "worst=3")
    assert status == 0
    with open(run / "evaluations" / "test" / "worst.csv", newline="") as file:
        worst = list(csv.DictReader(file))
    answers = in_windows(load(run)).values()
    assert all(min(abs(float(row["predicted"]) - each) for each in answers) < 1e-5 for row in worst)


def test_a_bad_window_is_told_and_the_state_begins_anew(run: Path) -> None:
    model = load(run)
    walk = torch.randn(12, 1)
    windows = [(str(row), walk[row : row + CONTEXT]) for row in range(8)]
    bad: list[str] = []
    spoilt = [*windows[:3], ("3", WrongInput("has a gap")), *windows[4:]]
    found = {a.name: a.outputs for some in sliding_answers(model, spoilt, bad=lambda n, _: bad.append(n)) for a in some}
    afresh = {a.name: a.outputs for some in sliding_answers(model, windows[4:], bad=lambda *_: None) for a in some}
    assert bad == ["3"]
    assert [*found] == ["0", "1", "2", "4", "5", "6", "7"]
    assert all(torch.equal(found[name], answer) for name, answer in afresh.items())
