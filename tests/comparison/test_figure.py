"""The figure of a comparison: curves as mean and range, dots with intervals, and what it leaves out."""

from pathlib import Path

import numpy as np
import pytest
from made_runs import make_run

from seqtrain.comparison.figure import comparison_figure, mean_and_range
from seqtrain.comparison.groups import group_runs
from seqtrain.comparison.metric import Metric
from seqtrain.comparison.ranking import Ranking, rank
from seqtrain.comparison.runs import find_runs, read_run
from seqtrain.figures.style import pixels

METRIC = Metric("test/accuracy", less_is_better=False)


def ranked(folder: Path) -> Ranking:
    return rank([read_run(each) for each in find_runs([folder])], METRIC)


def test_a_curve_is_the_mean_and_range_of_the_epochs_that_all_runs_have(tmp_path: Path) -> None:
    make_run(tmp_path / "0", {"seed": 0}, losses=(4.0, 3.0, 2.0))
    make_run(tmp_path / "1", {"seed": 1}, losses=(2.0, 1.5))
    make_run(tmp_path / "2", {"seed": 2}, losses=(3.0, float("nan"), 9.0))
    runs = [read_run(each) for each in find_runs([tmp_path])]
    (both,) = group_runs(runs[:2])
    assert mean_and_range(both).tolist() == [[1, 2], [3, 2.25], [2, 1.5], [4, 3]]
    (three,) = group_runs(runs)
    assert mean_and_range(three).tolist() == [[1], [3], [2], [4]]


def test_dots_are_means_and_lines_are_intervals_with_the_best_on_top(tmp_path: Path) -> None:
    for seed, (one, two) in enumerate([(0.7, 0.9), (0.8, 0.95)]):
        make_run(tmp_path / f"1{seed}", {"seed": seed}, {"test/accuracy": one}, losses=(1, 0.5))
        make_run(tmp_path / f"2{seed}", {"seed": seed, "model.cell": "gru"}, {"test/accuracy": two}, losses=(1, 0.4))
    ranking = ranked(tmp_path)
    figure = comparison_figure(ranking)
    left, right = figure.axes
    assert [label.get_text() for label in right.get_yticklabels()] == ["gru", "lstm"]
    assert right.get_ylim()[0] > right.get_ylim()[1]
    for row, bars in zip(ranking.rows, right.containers, strict=True):
        found = row.estimate
        assert found is not None
        dot, _, (line,) = bars
        assert dot.get_xdata()[0] == pytest.approx(found.mean)
        assert np.asarray(line.get_segments()[0])[:, 0] == pytest.approx([found.low, found.high])
    assert [line.get_color() for line in left.lines] == [bars[0].get_color() for bars in right.containers]
    assert pixels(figure).std() > 0


def test_many_groups_are_cut_to_what_can_be_read_and_it_says_so(tmp_path: Path) -> None:
    for place in range(30):
        make_run(tmp_path / f"{place}", {"model.hidden": place}, {"test/accuracy": place / 30}, losses=(1, 0.5))
    left, right = comparison_figure(ranked(tmp_path)).axes
    assert len(left.lines) == 8
    assert "best 8 of 30 groups" in left.get_title("left")
    assert len(right.get_yticks()) == 24
    assert "best 24 of 30 groups" in right.get_title("left")
    assert right.get_yticklabels()[0].get_text() == "hidden 29"


def test_runs_without_curves_and_labels_with_signs_are_drawn(tmp_path: Path) -> None:
    make_run(tmp_path / "0", {"data.name": "a $5 & \\alpha"}, {"test/accuracy": 0.0})
    make_run(tmp_path / "1", {"data.name": "größer"}, {"test/accuracy": -1.0})
    figure = comparison_figure(ranked(tmp_path))
    assert "no validation loss was recorded" in [text.get_text() for text in figure.axes[0].texts]
    assert pixels(figure).std() > 0
