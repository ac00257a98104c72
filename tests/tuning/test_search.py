"""A search ends with its total, counts what failed or was pruned, and its same line goes on."""

import json
import math
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import optuna
import pytest
from conftest import Told

from seqtrain import training_run
from seqtrain.checkpoints import read_checkpoint
from seqtrain.run_folder import RunFolder
from seqtrain.tuning import study as studies
from seqtrain.tuning.pruning import make_pruner

TINY = ("data.train_size=40", "data.val_size=8", "data.test_size=8", "trainer.max_epochs=4", "trainer.progress=false")
LINE = ("tune", "model=rnn", "space=mine", "--config-dir", "mine", "sweep=found", "logger=csv", *TINY)
FOUND = Path("outputs/sweeps/found")
SPACE = "model.hidden: {kind: int, range: [2, 9]}\noptimizer.lr: {kind: float, range: [1e-4, 1e-1], log: true}\n"


@pytest.fixture
def line(told: Told) -> Told:
    """The command line, with a space of its own in the working directory."""
    Path("mine/space").mkdir(parents=True)
    Path("mine/space/mine.yaml").write_text(SPACE)
    return lambda *words: told(*LINE, *words)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings that take no time: the nearer the rate to 0.01 and the wider, the better."""

    def train(parts: Any, folder: Path, *, config: str, overrides: list[str], **_: object) -> dict[str, Any]:
        with RunFolder(folder) as run:
            run.write_config(config, overrides)
            loss = abs(math.log10(parts.optimizer.settings["lr"]) + 2) + 0.1 / parts.model.settings["hidden"]
            run.write_result({"status": "completed", "metrics": {"val/loss": loss}})
        return run.read_result()

    monkeypatch.setattr(training_run, "train", train)


def trials() -> list[optuna.trial.FrozenTrial]:
    backend = optuna.storages.journal.JournalFileBackend(str(FOUND / "study.journal"))
    return optuna.load_study(study_name="search", storage=optuna.storages.JournalStorage(backend)).trials


def folders() -> list[Path]:
    return sorted(path for path in FOUND.iterdir() if path.is_dir() and not path.name.startswith("."))


def test_six_trials_then_eight_by_the_same_line(line: Told, told: Told) -> None:
    status, said = line("trials=6")
    assert status == 0, said
    assert "6 trials, 0 completed, 6 to train" in said
    six = trials()
    assert [trial.number for trial in six] == list(range(6))
    status, said = line("trials=8")
    assert status == 0, said
    assert re.search(r"8 trials, \d completed, .*2 to train", said)
    assert [trial.params for trial in trials()][:6] == [trial.params for trial in six]
    assert {trial.state.name for trial in trials()} <= {"COMPLETE", "PRUNED"}
    assert [folder.name[:3] for folder in folders()] == [f"{number:03d}" for number in range(8)]
    for trial, folder in zip(trials(), folders(), strict=True):
        result = json.loads((folder / "result.json").read_text())
        rows = RunFolder(folder).read_rows()
        assert trial.value == result["metrics"]["val/loss"] == min(row["val/loss"] or 9 for row in rows)
    status, again = line("trials=8")
    assert status == 0
    assert re.search(r"8 trials, .* 0 to train", again)
    assert re.findall("^trial ", again, re.M) == []

    completed = [trial for trial in trials() if trial.state.name == "COMPLETE"]
    best = min(completed, key=lambda trial: trial.value or 9)
    assert f"trial {best.number}, val/loss {best.value:.4g}" in said
    words = shlex.split(re.findall(r"train it +seqtrain (.+)", said)[0])
    assert told(*words, "hydra.run.dir=alone")[0] == 0
    alone, tuned = RunFolder(Path("alone")), RunFolder(folders()[best.number])
    assert alone.read_result()["identity"] == tuned.read_result()["identity"]
    assert alone.read_result()["metrics"] == tuned.read_result()["metrics"]
    for name, weights in read_checkpoint(alone.last)["state_dict"].items():
        assert weights.equal(read_checkpoint(tuned.last)["state_dict"][name]), name


@pytest.mark.usefixtures("quick")
def test_the_same_line_elsewhere_draws_the_same(line: Told) -> None:
    status, said = line("trials=16")
    assert status == 0
    assert re.search(r"importance +optimizer\.lr \d+%, model\.hidden \d+%", said)
    once = [(trial.params, trial.value) for trial in trials()]
    assert (FOUND / "importance.png").exists()
    FOUND.rename("before")
    for total in (3, 12, 16):  # more than the ten that are drawn blindly
        assert line(f"trials={total}")[0] == 0
    assert [(trial.params, trial.value) for trial in trials()] == once
    assert len({json.dumps(params) for params, _ in once}) == 16


def test_failed_and_pruned_trials_are_kept_and_counted(line: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    real = training_run.make_fit

    def fitted(parts: Any, *rest: Any, **more: Any) -> Any:
        if parts.model.settings["hidden"] == 5:
            raise RuntimeError("the machine is on fire")
        return real(parts, *rest, **more)

    monkeypatch.setattr(training_run, "make_fit", fitted)
    threshold = optuna.pruners.ThresholdPruner(upper=0.5, n_warmup_steps=2)
    monkeypatch.setattr(studies, "make_pruner", lambda *_: threshold)
    status, said = line("trials=9")
    assert status == 0, said
    found = trials()
    states = [trial.state.name for trial in found]
    assert set(states) == {"COMPLETE", "PRUNED", "FAIL"}
    kinds = {"COMPLETE": "completed", "PRUNED": "pruned", "FAIL": "failed"}
    assert f"9 trials, {', '.join(f'{states.count(each)} {word}' for each, word in kinds.items())}" in said
    assert "failed: RuntimeError: the machine is on fire" in said
    for trial, folder in zip(found, folders(), strict=True):
        result = json.loads((folder / "result.json").read_text())
        assert result["status"] == kinds[trial.state.name]
        if trial.state.name == "PRUNED":
            rows = RunFolder(folder).read_rows()
            assert 2 <= len(rows) < 4
            assert trial.value == result["metrics"]["val/loss"] == min(row["val/loss"] or 9 for row in rows) > 0.5
            assert "Traceback" not in (folder / "train.log").read_text()
    status, said = line("trials=9")
    assert (status, re.findall("^trial ", said, re.M)) == (0, [])


@pytest.mark.usefixtures("line")
def test_a_search_needs_a_validation(told: Told) -> None:
    Path("rows.csv").write_text("a,b,label\n" + "1,2,x\n3,4,y\n5,7,x\n8,6,y\n" * 3)
    rows = (
        "data=table",
        "data.root=.",
        "data.folder=.",
        "data.train=rows.csv",
        "data.target=label",
        "data.val_fraction=0",
        "data.duplicates=warn",
    )
    status, said = told("tune", "model=rnn", "space=mine", "--config-dir", "mine", "trials=9", *rows)
    assert status == 2
    assert "data.val_fraction is 0, so a search has no validation to watch" in said


def test_a_trial_may_take_several_processes(line: Told) -> None:
    status, said = line("trials=1", "trainer.devices=2", "trainer.accelerator=cpu", "pruner=none")
    assert status == 0, said
    (trial,) = trials()
    assert trial.value == json.loads((folders()[0] / "result.json").read_text())["metrics"]["val/loss"]


def test_data_that_cannot_be_read_costs_no_trial(told: Told) -> None:
    line = (
        "tune",
        "model=rnn",
        "data=audio_folder",
        "data.root=.",
        "data.folder=none",
        "space=recurrent",
        "sweep=found",
    )
    status, said = told(*line)
    assert status == 2
    assert "there is no folder" in said
    assert trials() == []


def test_a_search_in_which_all_fails_stops_early(line: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    def burning(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(training_run, "make_fit", burning)
    status, said = line("trials=50")
    assert status == 1
    assert "5 trials failed" in said
    assert [trial.state.name for trial in trials()] == ["FAIL"] * 5


@pytest.mark.usefixtures("quick")
def test_settings_that_were_tried_are_not_trained_again(line: Told) -> None:
    Path("mine/space/mine.yaml").write_text("model.hidden: {kind: int, range: [2, 3]}\n")
    status, said = line("trials=5")
    assert status == 0
    assert len(folders()) == 2
    assert "the same as trial 0" in said
    assert len({trial.value for trial in trials()}) == 2


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("words", "space", "difference"),
    [
        (["model.bias=false"], SPACE, "model.bias: True, not False"),
        (["pruner=hyperband"], SPACE, "pruner: median, not hyperband"),
        ([], SPACE.replace("9]", "8]"), "model.hidden int [2, 9], not int [2, 8]"),
        ([], SPACE.replace(", log: true", ""), "optimizer.lr float [0.0001, 0.1], log, not float [0.0001, 0.1]"),
        ([], SPACE.splitlines()[0], "optimizer.lr float [0.0001, 0.1], log, not unset"),
    ],
)
def test_another_search_of_the_same_name_is_refused(line: Told, words: list[str], space: str, difference: str) -> None:
    assert line("trials=1")[0] == 0
    Path("mine/space/mine.yaml").write_text(space)
    status, said = line("trials=2", *words)
    assert status == 2
    assert f"outputs/sweeps/found holds another search ({difference})" in said
    assert len(trials()) == 1


@pytest.mark.usefixtures("quick")
def test_what_cannot_change_a_result_may_differ(line: Told) -> None:
    assert line("trials=1")[0] == 0
    status, said = line("trials=2", "logger=none", "trainer.steps_per_execution=1")
    assert status == 0, said
    assert len(trials()) == 2


def test_a_folder_of_something_else_is_refused(line: Told) -> None:
    (FOUND / "seed=0").mkdir(parents=True)
    status, said = line("trials=1")
    assert status == 2
    assert "holds something else than a search" in said


@pytest.mark.usefixtures("quick")
def test_a_line_that_was_not_written_to_its_end_is_cut_off(line: Told) -> None:
    assert line("trials=1")[0] == 0
    with open(FOUND / "study.journal", "a") as journal:
        journal.write('{"op_code":4,"study_id":0,"worker')
    assert line("trials=2")[0] == 0
    assert [trial.state.name for trial in trials()] == ["COMPLETE"] * 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["trials=0"], "trials is 0: it must be a whole number of at least 1"),
        (["trials=many"], "trials is many: it must be a whole number"),
        (["pruner=medium"], "pruner=medium: there is no such pruner: did you mean median?"),
        (["space=recurent"], "space=recurent: there is no such space: did you mean recurrent?"),
        (["-m"], "takes no -m"),
        (["launcher=processes"], "start the same line several times"),
        (["hydra.run.dir=there"], "sweep=NAME names its folder"),
        (["trainer.devices=2"], "pruner is median: trials of several processes cannot be pruned: set pruner=none"),
        (["seed=1,2"], "seed=1,2 names several values"),
        (["model.hiden=3"], "did you mean hidden?"),
        (["model.hidden=3"], "model.hidden=3, but model.hidden is searched in"),
    ],
)
def test_a_mistake_is_told_before_anything_is_made(line: Told, words: list[str], said: str) -> None:
    status, text = line(*words)
    assert status == 2
    assert said in text
    assert not Path("outputs").exists()


def test_a_space_must_be_named_and_is_for_tune_alone(told: Told) -> None:
    assert "say what to search: space=NAME, of conv1d, optimizer, recurrent" in told("tune", "model=lstm")[1]
    status, said = told("train", "space=recurrent")
    assert status == 2
    assert "space=recurrent is for seqtrain tune" in said


def test_without_optuna_the_extra_is_named(line: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    status, said = line("trials=1")
    assert status == 2
    assert "pip install 'seqtrain[tune]'" in said


@pytest.mark.parametrize("name", ["median", "hyperband", "none"])
def test_a_trial_far_behind_is_pruned(name: str) -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(study_name="search", pruner=make_pruner(name, max_epochs=27))
    pruned = []
    for number in range(12):
        trial = study.ask()
        for epoch in range(1, 28):
            trial.report((1.0 + number) / epoch, epoch)
            if trial.should_prune():
                pruned.append((number, epoch))
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, 1.0 + number)
    if name == "none":
        assert pruned == []
    if name == "median":  # the sixth is the first that is judged, after a fifth of the epochs
        assert pruned == [(number, 5) for number in range(5, 12)]
    if name == "hyperband":
        assert {epoch for _, epoch in pruned} <= {1, 3, 9}
        assert len(pruned) >= 4


def test_a_trial_that_was_stopped_before_it_was_judged_is_judged_first(line: Told, monkeypatch: Any) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> bool:
        raise Killed

    real = studies.judge
    monkeypatch.setattr(studies, "judge", lambda *_: killed)
    with pytest.raises(Killed):  # after the first epoch was saved
        line("trials=1")
    asked = []

    def judge(trial: optuna.trial.Trial, reported: set[int]) -> Any:
        behind = real(trial, reported)
        return lambda epoch, score: asked.append(epoch) or behind(epoch, score)

    monkeypatch.setattr(studies, "judge", judge)
    status, said = line("trials=1")
    assert status == 0, said
    assert "trial 0 (going on, 1 of 1)" in said
    assert asked == [1, 2, 3]
    assert list(trials()[0].intermediate_values) == [1, 2, 3]
