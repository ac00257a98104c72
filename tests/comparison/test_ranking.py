"""The ranking: the metric, its direction, the order, the tests, and what is told beside them."""

import math
from pathlib import Path

import numpy as np
import pytest
import reference
from made_runs import make_run

from seqtrain.comparison.metric import Metric, choose_metric
from seqtrain.comparison.ranking import Ranking, rank
from seqtrain.comparison.runs import Run, find_runs, read_run
from seqtrain.errors import WrongInput

VALUES = {0.1: [0.90, 0.93, 0.91], 0.01: [0.95, 0.94, 0.97], 0.001: [0.80, 0.88, 0.79]}


def read(folder: Path) -> list[Run]:
    return [read_run(each) for each in find_runs([folder])]


def ranked(folder: Path) -> Ranking:
    runs = read(folder)
    return rank(runs, choose_metric([run for run in runs if run.status == "completed"]))


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    for lr, values in VALUES.items():
        for seed, value in enumerate(values):
            settings = {"optimizer.lr": lr, "seed": seed}
            make_run(tmp_path / f"lr={lr},seed={seed}", settings, {"test/accuracy": value, "val/loss": 1 - value})
    return tmp_path


def test_groups_are_ranked_with_the_figures_of_the_reference(sweep: Path) -> None:
    ranking = ranked(sweep)
    assert ranking.metric == Metric("test/accuracy", less_is_better=False)
    assert [row.group.settings["optimizer.lr"] for row in ranking.rows] == [0.01, 0.1, 0.001]
    p = {lr: reference.paired_t(VALUES[lr], VALUES[0.01]) for lr in (0.1, 0.001)}
    least, most = sorted(p.values())
    corrected = {least: 2 * least, most: max(most, 2 * least)}  # Holm
    for row in ranking.rows:
        lr = row.group.settings["optimizer.lr"]
        assert isinstance(lr, float)
        assert row.estimate is not None
        assert row.estimate.mean == pytest.approx(np.mean(VALUES[lr]))
        assert row.estimate.half == pytest.approx(reference.QUANTILE[2][1] * reference.standard_error(VALUES[lr]))
        if lr != 0.01:
            assert row.test is not None
            assert row.test.p == pytest.approx(p[lr])
            assert row.test.holm == pytest.approx(corrected[p[lr]])
    assert ranking.rows[0].test is None


def test_less_loss_is_better(sweep: Path) -> None:
    ranking = rank(read(sweep), choose_metric(read(sweep), "val/loss"))
    assert [row.group.settings["optimizer.lr"] for row in ranking.rows] == [0.01, 0.1, 0.001]
    reverse = rank(read(sweep), choose_metric(read(sweep), "val/loss", "max"))
    assert [row.group.settings["optimizer.lr"] for row in reverse.rows] == [0.001, 0.1, 0.01]


def test_what_did_not_complete_is_counted_and_in_no_mean(sweep: Path) -> None:
    make_run(sweep / "failed", {"optimizer.lr": 0.1, "seed": 3}, status="failed", cause="OSError: no space")
    make_run(sweep / "killed", {"optimizer.lr": 5.0}, {"test/accuracy": 1.0}, status="running")
    make_run(sweep / "nan", {"optimizer.lr": 0.1, "seed": 4}, {"test/accuracy": math.nan, "val/loss": math.nan})
    ranking = ranked(sweep)
    assert {run.folder.name: (run.status, run.cause) for run in ranking.left_out} == {
        "failed": ("failed", "OSError: no space"),
        "killed": ("interrupted", ""),
        "nan": ("failed", "test/accuracy is nan"),
    }
    assert ranking.notes[0] == "12 runs in 4 groups: 9 completed, 2 failed, 1 interrupted"
    assert [row.estimate and row.estimate.n for row in ranking.rows] == [3, 3, 3, None]
    assert ranking.rows[-1].group.settings["optimizer.lr"] == 5.0


def test_a_metric_that_is_finite_nowhere_is_refused(tmp_path: Path) -> None:
    make_run(tmp_path / "0", {}, {"test/accuracy": math.inf})
    with pytest.raises(WrongInput, match="test/accuracy is a finite number in no completed run"):
        ranked(tmp_path)


def test_folds_are_compared_with_the_same_folds_alone(tmp_path: Path) -> None:
    for folds, lr in ((3, 0.1), (3, 0.2), (4, 0.3)):
        for fold in range(folds):
            value = 0.9 - lr - 0.01 * fold * fold * lr
            settings = {"data.fold": fold, "data.folds": folds, "optimizer.lr": lr}
            make_run(tmp_path / f"{lr}-{fold}", settings, {"test/accuracy": value})
    best, second, third = ranked(tmp_path).rows
    assert best.estimate is not None
    assert best.estimate.n == 3
    assert second.test is not None
    assert second.test.name == "corrected t"
    assert third.test is None
    assert any("Nadeau and Bengio" in note for note in ranked(tmp_path).notes)


def test_mixed_code_and_repeats_are_told(tmp_path: Path) -> None:
    versions = {"seqtrain": "0.1.0", "torch": "2.13.0"}
    for place, commit in enumerate("aab"):
        made = {"git_commit": commit * 40, "versions": versions | {"torch": f"2.{13 + place // 2}.0"}}
        make_run(tmp_path / f"{place}", {"seed": place}, {"test/accuracy": 0.5}, **made)
    make_run(tmp_path / "again", {"seed": 0}, {"test/accuracy": 0.5}, date="2025-01-01", git_commit="c" * 40)
    make_run(tmp_path / "other", {"optimizer.lr": 1}, {"test/accuracy": 0.4}, git_commit="a" * 40, versions=versions)
    notes = "\n".join(ranked(tmp_path).notes)
    assert "runs of 2 commits: 3 aaaaaaaa, 1 bbbbbbbb" in notes
    assert "runs of 2 versions of torch: 3 2.13.0, 1 2.14.0" in notes
    assert "versions of seqtrain" not in notes
    assert "1 run of a seed and fold that a newer run repeats" in notes
    assert "no interval where n is 1" in notes


@pytest.mark.parametrize(
    ("metrics", "chosen"),
    [
        ([{"test/accuracy": 1, "test/loss": 1}, {"test/accuracy": 1}], "test/accuracy"),
        ([{"test/rmse": 1, "test/mse": 1, "val/rmse": 1}], "test/rmse"),
        ([{"test/accuracy": 1, "val/accuracy": 1}, {"val/accuracy": 1}], "val/accuracy"),
        ([{"test/accuracy": 1, "test/loss": 1}, {"test/rmse": 1, "test/loss": 1}], "test/loss"),
    ],
)
def test_the_metric_is_the_natural_one_that_all_have(metrics, chosen: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for place, each in enumerate(metrics):
        make_run(tmp_path / str(place), {}, each)
    assert choose_metric(read(tmp_path)).name == chosen


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("test/acuracy", "no run has the metric test/acuracy: did you mean test/accuracy"),
        ("test/accuracy", r"test/accuracy is in 1 of 2 completed runs.*\(own\)\nwithout it: .*1"),
        ("own", "whether less of own is better is not known: set mode=min or mode=max"),
    ],
)
def test_a_metric_that_cannot_be_compared_is_refused(wanted: str, message: str, tmp_path: Path) -> None:
    make_run(tmp_path / "0", {}, {"test/accuracy": 1, "own": 1})
    make_run(tmp_path / "1", {}, {"own": 1})
    with pytest.raises(WrongInput, match=message):
        choose_metric(read(tmp_path), wanted)


def test_without_a_shared_metric_it_is_said_which_runs_have_which(tmp_path: Path) -> None:
    make_run(tmp_path / "0", {}, {"test/accuracy": 1})
    make_run(tmp_path / "1", {}, {"test/rmse": 1})
    with pytest.raises(WrongInput, match=r"in all 2 completed runs \(test/accuracy in 1, test/rmse in 1\)"):
        choose_metric(read(tmp_path))
