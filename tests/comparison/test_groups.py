"""Groups are runs that were set alike but for seed and fold; columns are the settings in which groups differ."""

from pathlib import Path
from typing import Any

import pytest
from made_runs import make_run

from seqtrain.comparison.groups import differing, group_runs, short_names, telling
from seqtrain.comparison.runs import Run, read_run

CONV = {"_target_": "seqtrain.models.conv.ConvStack", "kernel_size": 5, "hidden": 128}


def runs(folder: Path, *settings: dict[str, Any], **result: Any) -> list[Run]:
    made = len(list(folder.iterdir()))
    return [
        read_run(make_run(folder / f"{made + place}", each, {"test/f1": 0.1 * place}, **result))
        for place, each in enumerate(settings)
    ]


def test_seeds_and_machines_are_one_group(tmp_path: Path) -> None:
    same = [
        {"seed": 0},
        {"seed": 1},
        {"threads": 2, "seed": 2},
        {"logger.flush_secs": 1, "seed": 3},
        {"data.root": "x"},
    ]
    other = {"optimizer.lr": 0.1}
    groups = group_runs(runs(tmp_path, *same, other))
    assert [len(group.completed) for group in groups] == [4, 1]  # the last of the same repeats seed 0
    assert differing(groups) == ["optimizer.lr"]


def test_folds_are_one_group_and_their_seeds_are_averaged(tmp_path: Path) -> None:
    settings = [{"data.fold": fold, "data.folds": 2, "seed": seed} for fold in (0, 1) for seed in (0, 1)]
    (group,) = group_runs(runs(tmp_path, *settings))
    assert group.folds == 2
    assert group.values("test/f1") == pytest.approx({0: 0.05, 1: 0.25})


def test_the_newest_of_a_repeated_seed_counts(tmp_path: Path) -> None:
    newer = runs(tmp_path, {"seed": 0}, date="2026-03-01")
    older = runs(tmp_path, {"seed": 1}, {"seed": 0}, date="2026-02-01")
    (group,) = group_runs([*newer, *older])
    assert group.completed == (older[0], newer[0])
    assert group.repeated == (older[1],)


def test_what_did_not_complete_is_kept_apart(tmp_path: Path) -> None:
    found = [runs(tmp_path, {"seed": 0}, status=each)[0] for each in ("completed", "running", "failed", "diverged")]
    (group,) = group_runs(found)
    assert (group.completed, group.unfinished, group.failed) == ((found[0],), (found[1],), (found[2], found[3]))


def test_an_option_tells_more_than_its_class(tmp_path: Path) -> None:
    lstm = runs(tmp_path, {"model.cell": "lstm"}, {"model.cell": "lstm", "model.hidden": 8}, chosen={"model": "lstm"})
    gru = runs(tmp_path, {"model.cell": "gru"}, chosen={"model": "gru", "data": "mel"})
    groups = group_runs([*lstm, *gru])
    assert [group.told["model._target_"] for group in groups] == ["lstm", "lstm", "gru"]
    assert differing(groups) == ["model._target_", "model.hidden"]  # and not the cell, which comes with the option
    older = runs(tmp_path, {"model.cell": "gru", "seed": 1})  # of a time when the option was not kept
    groups = group_runs([*gru, *older, *lstm])
    assert len(groups[0].completed) == 2
    assert differing(groups) == ["model.cell", "model.hidden"]


def test_what_comes_with_a_class_is_no_difference_of_its_own(tmp_path: Path) -> None:
    groups = group_runs(runs(tmp_path, {}, {"model": CONV}))
    assert differing(groups) == ["model._target_"]
    more = group_runs(runs(tmp_path, {}, {"model": CONV}, {"model": CONV | {"kernel_size": 9}}, {"model.cell": "gru"}))
    assert differing(more) == ["model._target_", "model.cell", "model.kernel_size"]


def test_true_is_not_one_and_unset_is_a_value(tmp_path: Path) -> None:
    groups = group_runs(runs(tmp_path, {"trainer.x": True}, {"trainer.x": 2}, {}))
    assert differing(groups) == ["trainer.x"]


def test_a_few_settings_tell_groups_apart(tmp_path: Path) -> None:
    settings = [
        {"optimizer.lr": lr, "trainer.max_epochs": round(1 / lr), "task.read": "mean"} for lr in (0.1, 0.2, 0.5)
    ]
    groups = group_runs(runs(tmp_path, *settings, {"optimizer.lr": 0.1, "task.read": "last", "trainer.max_epochs": 10}))
    assert differing(groups) == ["task.read", "optimizer.lr", "trainer.max_epochs", "trainer.every"]
    assert telling(differing(groups), groups) == ["task.read", "optimizer.lr"]


def test_names_are_short_where_that_tells_them_apart() -> None:
    assert short_names(["model._target_", "model.dropout", "optimizer.lr", "data.mel.dropout", "model.cell.lr"]) == {
        "model._target_": "model",
        "model.dropout": "model.dropout",
        "optimizer.lr": "optimizer.lr",
        "data.mel.dropout": "mel.dropout",
        "model.cell.lr": "cell.lr",
    }
