"""The words and files of a comparison."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import reference
from made_runs import make_run

from seqtrain.comparison.files import csv_table, markdown_page
from seqtrain.comparison.metric import Metric
from seqtrain.comparison.ranking import Ranking, rank
from seqtrain.comparison.runs import find_runs, read_run
from seqtrain.comparison.table import terminal_table

METRIC = Metric("test/rmse", less_is_better=True)
VALUES = {32: [0.0012, 0.0013, 0.0011], 64: [0.0031, 0.0034, 0.0029]}


def ranked(folder: Path) -> Ranking:
    return rank([read_run(each) for each in find_runs([folder])], METRIC)


@pytest.fixture
def ranking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ranking:
    monkeypatch.chdir(tmp_path)
    for hidden, values in VALUES.items():
        for seed, value in enumerate(values):
            folder = Path("sweep") / f"hidden={hidden},seed={seed}"
            settings = {"model.hidden": hidden, "seed": seed}
            make_run(folder, settings, {"test/rmse": value}, seconds=float(seed), parameters=1000 * hidden)
    make_run(Path("sweep/failed"), {"model.hidden": 64, "seed": 9}, status="failed", cause="OSError: no | space")
    return ranked(Path("sweep"))


def test_the_terminal_shows_what_differs_and_what_it_reaches(ranking: Ranking) -> None:
    half = reference.QUANTILE[2][1] * reference.standard_error(VALUES[32])
    p = reference.paired_t(VALUES[32], VALUES[64])
    head, best, other, empty, *notes = terminal_table(ranking).splitlines()
    assert head.split() == ["hidden", "test/rmse", "±", "95%", "n", "left", "out", "p", "seconds", "parameters"]
    assert best.split() == ["32", "0.001200", f"{half:.2g}", "3", "best", "1.0", "32,000"]
    assert other.split()[:1] + other.split()[3:] == ["64", "3", "1", f"{p:.4f}", "1.0", "64,000"]
    assert len(head) == len(best) == len(other)
    assert empty == ""
    assert notes == [
        "7 runs in 2 groups: 6 completed, 1 failed",
        "p: paired t test over seeds; against the best, Holm-corrected for 1 comparison",
        "left out: sweep/failed: failed, OSError: no | space",
    ]


def test_csv_has_every_number(ranking: Ranking) -> None:
    best, other = csv.DictReader(io.StringIO(csv_table(ranking)))
    half = reference.QUANTILE[2][1] * reference.standard_error(VALUES[64])
    assert (best["rank"], best["model.hidden"], best["test"], best["p"]) == ("1", "32", "", "")
    numbers = {name: float(other[name]) for name in ("test/rmse", "low", "high", "difference", "p", "p_holm")}
    p = reference.paired_t(VALUES[32], VALUES[64])
    mean = np.mean(VALUES[64])
    expected = {"low": mean - half, "high": mean + half, "difference": mean - np.mean(VALUES[32]), "p": p, "p_holm": p}
    assert numbers == pytest.approx({"test/rmse": mean} | expected)
    counts = {name: other[name] for name in ("n", "pairs", "completed", "unfinished", "failed", "parameters")}
    assert counts == {"n": "3", "pairs": "3", "completed": "3", "unfinished": "0", "failed": "1", "parameters": "64000"}


def test_markdown_has_a_row_a_group_and_names_what_was_left_out(ranking: Ranking) -> None:
    page = markdown_page(ranking, data="mel")
    table = [line for line in page.splitlines() if line.startswith("|")]
    assert len(table) == 4
    assert {line.replace("\\|", "").count("|") for line in table} == {len(table[0].split("|")) - 1}
    assert "- left out: sweep/failed: failed, OSError: no | space" in page
    assert "![Loss curves and ranking](compare.png)" in page


def test_the_terminal_keeps_to_80_columns_by_naming_what_tells_nothing_more(tmp_path: Path) -> None:
    for place in range(4):
        settings = {f"trainer.a_long_setting_{k}": 10.0**place for k in range(6)} | {"optimizer.lr": place % 2}
        make_run(tmp_path / str(place), settings, {"test/rmse": 0.1 * place})
    lines = terminal_table(ranked(tmp_path)).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split()[:2] == ["lr", "a_long_setting_0"]
    assert "they also differ in a_long_setting_1" in "\n".join(lines)


def test_of_many_groups_and_runs_the_first_are_shown(tmp_path: Path) -> None:
    for place in range(55):
        make_run(tmp_path / f"{place}", {"model.hidden": place}, {"test/rmse": place})
        make_run(tmp_path / f"{place}f", {"model.hidden": place, "seed": 1}, status="failed")
    text = terminal_table(ranked(tmp_path))
    assert "… 15 more groups: see compare.md" in text
    assert "left out: 45 more, see compare.md" in text
    assert markdown_page(ranked(tmp_path), data="mel").count("- left out: ") == 55
