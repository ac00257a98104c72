"""`seqtrain compare`: what is typed, what is written, and that it is quick."""

import csv
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from made_runs import make_run
from PIL import Image

LIGHT = """
import sys
from seqtrain.commands import main
status = main(["compare", *sys.argv[1:]])
heavy = {"torch", "pytorch_lightning", "hydra", "polars"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else status)
"""


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    for cell, base in (("lstm", 0.9), ("gru", 0.8)):
        for seed in range(3):
            settings = {"model.cell": cell, "seed": seed}
            metrics = {"test/accuracy": base + seed * base / 100, "test/f1": 1 - base}
            make_run(tmp_path / "sweeps" / "cells" / f"{cell},{seed}", settings, metrics, losses=(1.0, 0.5, 0.4))
    return tmp_path / "sweeps" / "cells"


def test_a_sweep_is_compared_in_its_own_folder(told, sweep: Path) -> None:  # type: ignore[no-untyped-def]
    status, text = told("compare", "sweeps/cells")
    assert status == 0
    assert [line.split()[0] for line in text.splitlines()[:3]] == ["cell", "lstm", "gru"]
    assert text.endswith("sweeps/cells: compare.csv, compare.md, compare.png\n")
    rows = csv.DictReader((sweep / "compare.csv").read_text().splitlines())
    assert [row["model.cell"] for row in rows] == ["lstm", "gru"]
    assert (sweep / "compare.md").read_text().startswith("# test/accuracy on mel\n")
    with Image.open(sweep / "compare.png") as picture:
        assert picture.width > 1000
    assert told("compare", "sweeps/cells") == (status, text)  # its own files are no runs


def test_metric_and_output_are_chosen(told, sweep: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    status, text = told("compare", "sweeps/cells/lstm,0", "sweeps/cells/gru,0", "metric=test/f1", "output=here/it is")
    assert status == 0
    assert text.splitlines()[1].split()[0] == "gru"
    assert len(list((tmp_path / "here" / "it is").iterdir())) == 3


def test_runs_alone_are_compared_in_outputs(told, sweep: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert told("compare", *(f"sweeps/cells/{cell},0" for cell in ("lstm", "gru")))[0] == 0
    assert len(list((tmp_path / "outputs" / "compare").iterdir())) == 3


def test_runs_of_several_data_sets_are_compared_a_set_at_a_time(told, sweep: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    other = {"data._target_": "seqtrain.datasets.sincos.SinCos"}
    make_run(sweep / "sincos", other, {"test/rmse": 0.1})
    make_run(sweep / "failed", {"data.folder": "else"}, status="failed", cause="WrongInput: no file")
    status, text = told("compare", "sweeps/cells", "output=told")
    assert status == 2  # of one set nothing completed
    names = [line for line in text.splitlines() if line in ("mel", "mel else", "sincos")]
    assert sorted(names) == ["mel", "mel else", "sincos"]
    assert "none of 1 runs completed:" in text
    written = {path.name for path in (tmp_path / "told").iterdir()}
    assert written == {f"compare-{name}.{end}" for name in ("mel", "sincos") for end in ("csv", "md", "png")}
    page = (tmp_path / "told" / "compare-sincos.md").read_text()
    assert page.startswith("# test/rmse on sincos\n")
    assert "(compare-sincos.png)" in page


def test_a_set_without_the_metric_is_told_and_the_others_are_compared(told, sweep: Path) -> None:  # type: ignore[no-untyped-def]
    make_run(sweep / "a", {"data._target_": "seqtrain.datasets.sincos.SinCos"}, {"test/rmse": 0.1})
    broken = make_run(sweep / "b")
    (broken / ".hydra" / "config.yaml").write_text("{")
    status, text = told("compare", "sweeps/cells", "metric=test/accuracy")
    assert status == 2
    assert "sincos\n\nno run has the metric test/accuracy" in text
    assert "mel\n\ncell" in text
    assert text.count("unreadable") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("metric=test/f1",), "compare needs a PATH"),
        (("nowhere",), "nowhere is no folder: name runs or sweeps"),
        (("sweeps", "metrik=test/f1"), "metrik is no setting of seqtrain compare: did you mean metric?"),
        (("sweeps", "mode=most"), "mode is most"),
        (("sweeps", "output=sweeps/cells/lstm,0/result.json"), "cannot write to sweeps/cells/lstm,0/result.json"),
        (("sweeps/cells/failed",), "none of 1 runs completed:\nsweeps/cells/failed: failed, OSError: no space"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(words, message: str, told, sweep: Path) -> None:  # type: ignore[no-untyped-def]
    make_run(sweep / "failed", status="failed", cause="OSError: no space")
    status, text = told("compare", *words)
    assert status == 2
    assert message in text


def test_500_runs_are_compared_in_3_seconds_of_a_processor_without_torch(tmp_path: Path) -> None:
    losses = tuple(1 / epoch for epoch in range(1, 61))
    for place in range(500):
        settings = {"seed": place % 5, "model.hidden": place // 5 % 10, "optimizer.lr": 0.001 * (1 + place // 50)}
        make_run(tmp_path / f"{place:03}", settings, {"test/accuracy": place * 7919 % 997 / 1000}, losses=losses)
    compare(tmp_path / "000")  # the first process of a new installation compiles the libraries to bytecode
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = compare(tmp_path)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "500 runs in 100 groups: 500 completed" in told
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3


def compare(path: Path) -> str:
    done = subprocess.run([sys.executable, "-c", LIGHT, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
