"""Runs are found and read whatever state their folders are in."""

import subprocess
import sys
from pathlib import Path

import pytest
from made_runs import make_run

from seqtrain.comparison.runs import find_runs, read_curve, read_run
from seqtrain.errors import WrongInput

HOLD = (
    "import fcntl, sys; f = open(sys.argv[1], 'a'); fcntl.lockf(f, fcntl.LOCK_EX); print('held', flush=True); input()"
)


def test_runs_are_found_once_and_not_within_runs(tmp_path: Path) -> None:
    one, two = make_run(tmp_path / "sweep" / "a=1"), make_run(tmp_path / "sweep" / "a=2")
    make_run(one / "evaluations" / "test")
    (tmp_path / "sweep" / "compare").mkdir()
    assert find_runs([tmp_path / "sweep", one, two / "." / "..", tmp_path]) == [one, two]


@pytest.mark.parametrize("name", ["empty", "nowhere"])
def test_a_path_without_a_run_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(WrongInput, match=f"{name} (holds no run|is no folder): name runs or sweeps"):
        find_runs([tmp_path / name])


def test_settings_are_flat_resolved_and_without_what_is_null(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path / "run", {"model.channels": [4, 8], "optimizer.lr": 1e-8}, {"test/f1": 0.5}))
    assert run.settings["model._target_"] == "seqtrain.models.recurrent.Recurrent"
    assert run.settings["trainer.every"] == 3
    assert (run.settings["model.channels"], run.settings["optimizer.lr"]) == ("[4, 8]", 1e-8)
    assert "data.fold" not in run.settings
    assert run.settings["data.root"] == "${oc.env:SEQTRAIN_DATA,data}"
    assert run.metrics == {"test/f1": 0.5}


def test_a_killed_run_is_interrupted_and_one_at_work_is_running(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", status="running")
    assert read_run(folder).status == "interrupted"
    (folder / ".lock").touch()
    assert read_run(folder).status == "interrupted"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder / ".lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert read_run(folder).status == "running"
        holder.communicate("\n")
    assert read_run(folder).status == "interrupted"


@pytest.mark.parametrize("text", ["", '{"status": "comp', "[1]"])
def test_a_result_that_was_cut_short_is_an_interrupted_run(text: str, tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    (folder / "result.json").write_text(text)
    assert read_run(folder).status == "interrupted"


def test_a_config_that_cannot_be_read_makes_one_run_unreadable(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    (folder / ".hydra" / "config.yaml").write_text("a: &x 1\nb: *x\n")
    run = read_run(folder)
    assert run.status == "unreadable"
    assert "YAML aliases" in run.cause


def test_a_curve_leaves_out_what_is_no_number(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    (folder / "metrics.csv").write_text("epoch,val/loss\n1,0.5\n2,\n3,nan\n4,0.2\n5,0.")
    assert read_curve(read_run(folder)) == {1: 0.5, 4: 0.2, 5: 0.0}
    (folder / "metrics.csv").unlink()
    assert read_curve(read_run(folder)) == {}
