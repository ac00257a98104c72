"""A resumed run has its own config, and says so in words; what its checkpoints and its result hold."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from runs import EVERY_CHUNK, LSTM, differences, ends, start

from seqtrain.checkpoints import read_checkpoint
from seqtrain.commands import main
from seqtrain.run_folder import RunFolder


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was killed."""
    folder = tmp_path_factory.mktemp("cut")
    process = start(folder, *LSTM, EVERY_CHUNK, stop_at="after step @7 #1")
    assert process.wait() is None, process.told()
    process.end()
    return folder


REFUSED = {
    "another rate": (["optimizer.lr=0.5"], "optimizer.lr=0.5 would change the result of run, which has optimizer.lr="),
    "another seed": (["seed=1"], "seed=1 would change the result of run, which has seed=0"),
    "more epochs": (["trainer.max_epochs=9"], "which has trainer.max_epochs=3: leave it out, or start a new run"),
    "another model": (["model=gru"], "model=gru chooses another model, and a resumed run has its own config"),
    "another logger": (["logger=csv"], "logger=csv chooses another logger"),
    "another trainer": (["trainer=cpu"], "or name a single setting, such as trainer.accelerator=cpu"),
    "no setting": (["trainer.max_epoch=9"], "trainer.max_epoch=9 is no setting of the run run"),
    "no group": (["modle=gru"], "modle=gru is no setting of the run run"),
    "a new key": (["+note=1"], "+note=1 is no setting of the run run"),
    "a deleted key": (["~callbacks"], "~callbacks is no setting of the run run"),
    "several": (["-m"], "resume=run goes on with that run's own config: leave out -m"),
    "other configs": (["--config-dir", "."], "resume=run goes on with that run's own config: leave out --config-dir"),
    "shown only": (["--cfg", "job"], "resume=run goes on with that run's own config: leave out --cfg"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_change_the_result_is_refused(
    case: str, cut: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words, told = REFUSED[case]
    monkeypatch.chdir(cut)
    before = RunFolder(cut / "run").result.read_bytes()
    assert main(["train", "resume=run", *words]) == 2
    said = capsys.readouterr().err
    assert told in said
    assert len(said.splitlines()) == 1
    assert RunFolder(cut / "run").result.read_bytes() == before


def test_what_cannot_change_the_result_is_taken(tmp_path: Path) -> None:
    start(tmp_path / "whole", *LSTM).done()
    process = start(tmp_path / "cut", *LSTM, stop_at="after step @7 #1")
    assert process.wait() is None
    process.end()
    same = [
        "data.workers=1",
        "trainer.steps_per_execution=5",
        "checkpoint.minutes=1",
        "seed=0",
        "trainer.progress=true",
    ]
    again = start(tmp_path / "cut", "resume=run", *same)
    assert again.wait() == 0, again.told()
    assert differences(ends(tmp_path / "whole" / "run"), ends(tmp_path / "cut" / "run")) == []


def test_the_first_versions_and_date_stay_and_each_resumption_is_said(tmp_path: Path) -> None:
    for place in ("after step @3 #1", "after step @7 #1"):
        words = ["resume=run"] if (tmp_path / "run").exists() else [*LSTM, EVERY_CHUNK]
        process = start(tmp_path, *words, stop_at=place)
        assert process.wait() is None, process.told()
        process.end()
        if place == "after step @3 #1":
            result = RunFolder(tmp_path / "run").read_result()
            older = result | {"date": "2026-01-01T00:00:00+00:00", "versions": result["versions"] | {"torch": "2.12"}}
            RunFolder(tmp_path / "run").write_result(older)
    start(tmp_path, "resume=run").done()
    told = json.loads((tmp_path / "run" / "result.json").read_text())
    assert told["date"] == "2026-01-01T00:00:00+00:00"
    assert told["versions"]["torch"] == "2.12"
    assert [each["versions"]["torch"] for each in told["resumed"]] == [version("torch")] * 2
    assert all(set(each) == {"date", "versions"} for each in told["resumed"])


def test_a_trial_of_a_sweep_is_resumed_alone(tmp_path: Path) -> None:
    start(tmp_path, *LSTM, "seed=1").done()
    words = ["-m", "sweep=mine", "seed=1,2"]
    process = start(tmp_path, *LSTM, *words, stop_at="after step @7 #1", run="outputs/sweeps")
    assert process.wait() is None, process.told()
    process.end()
    (trial,) = (path.parent for path in (tmp_path / "outputs/sweeps/mine").glob("*/result.json"))
    start(tmp_path, f"resume={trial}").done()
    assert differences(ends(tmp_path / "run"), ends(trial)) == []


def test_a_checkpoint_holds_tensors_and_plain_values(cut: Path) -> None:
    run = RunFolder(cut / "run")
    for checkpoint in (run.best, run.last, run.previous):
        kinds = {type(value) for value in leaves(read_checkpoint(checkpoint))}
        assert kinds <= {torch.Tensor, int, float, str, bool, type(None)}, checkpoint


def leaves(content: object) -> list[object]:
    if isinstance(content, dict):
        return [leaf for key, value in content.items() for leaf in (key, *leaves(value))]
    if isinstance(content, list | tuple):
        return [leaf for value in content for leaf in leaves(value)]
    return [content]


def test_checkpoints_are_saved_by_time(tmp_path: Path) -> None:
    process = start(tmp_path, *LSTM, "checkpoint.minutes=0.003", stop_at="after step @7 #1", pause=0.2)
    assert process.wait() is None, process.told()
    run = RunFolder(tmp_path / "run")
    assert read_checkpoint(run.last)["seqtrain"]["step"] == 5  # at the end of an epoch
    assert read_checkpoint(run.best)["seqtrain"]["step"] == 5
    process.end()
