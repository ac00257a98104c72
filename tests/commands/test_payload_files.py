"""A payload in a file that somebody else wrote: an experiment, a run's folder, a shared model. Nothing runs."""

import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from composing import QUICK, SMALL, trained
from payloads import HERE, NO_NAMES, PAYLOADS, Trap
from poisoned import POISONED

from seqtrain.commands import main

SHARE = list(PAYLOADS)[::12]  # of them in `make test`; every one with `make test-faults`
EVERY = [*SHARE, *(pytest.param(name, marks=pytest.mark.faults) for name in PAYLOADS if name not in SHARE)]
COMMANDS = {
    "resume": ["train", "resume=RUN"],
    "evaluate": ["evaluate", "RUN"],
    "predict": ["predict", "RUN", "-"],
    "export": ["export", "RUN", "format=safetensors"],
}


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trap:
    trap = Trap(tmp_path / "trap")
    monkeypatch.syspath_prepend(trap.evil)
    monkeypatch.delitem(sys.modules, "evil_module", raising=False)
    return trap


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was stopped: its best epoch is there, and there is something to resume."""
    folder = tmp_path_factory.mktemp("good") / "run"
    trained(folder, *QUICK, *SMALL["sincos"], "model=linear")
    (folder / "result.json").unlink()
    return folder


@pytest.fixture(autouse=True)
def typed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("0.5\n"))


def poisoned(run: Path, place: Path, slot: str, payload: Any) -> Path:
    """A copy of the run whose config has a payload in a slot."""
    shutil.copytree(run, place)
    path = place / ".hydra" / "config.yaml"
    config = yaml.safe_load(path.read_text())
    path.write_text(json.dumps(config | {slot: payload}))
    return place


def refused(told: Callable[..., tuple[int, str]], *words: str) -> str:
    status, text = told(*words)
    assert status == 2, text
    assert 1 <= len(text.splitlines()) <= 5
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize("name", EVERY)
def test_in_an_experiment(name: str, trap: Trap, told, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    experiments = tmp_path / "configs" / "experiment"
    experiments.mkdir(parents=True)
    for slot in ("model", "logger", "callbacks"):
        payload = trap.payload(name)
        node = {"mine": payload} if slot == "callbacks" else payload
        config = {"defaults": [{f"override /{slot}": "none"}]} if slot != "model" else {}
        (experiments / "downloaded.yaml").write_text(f"# @package _global_\n{json.dumps(config | {slot: node})}\n")
        text = refused(told, "train", "--config-dir", "configs", "--trust", HERE, "experiment=downloaded")
        assert slot in text
        assert not trap.sprung


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", EVERY)
def test_in_a_stored_run(name: str, command: str, trap: Trap, run: Path, told, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    slots = {"resume": ["data", "model", "task", "logger"], "evaluate": ["data", "model", "task"]}
    for slot in slots.get(command, ["model", "task"]):
        place = poisoned(run, tmp_path / f"{slot} run", slot, trap.payload(name))
        words = [word.replace("RUN", str(place)) for word in COMMANDS[command]]
        assert slot in refused(told, *words, "--trust", HERE)
        assert not trap.sprung


@pytest.mark.parametrize("name", EVERY)
def test_compare_reads_it_as_data(name: str, trap: Trap, run: Path, told, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for number in range(2):
        place = poisoned(run, tmp_path / "runs" / str(number), "model", trap.payload(name))
        result = {"status": "completed", "metrics": {"test/rmse": number}}
        (place / "result.json").write_text(json.dumps(result))
    status, _ = told("compare", "runs", "--trust", HERE)
    assert status == 0
    assert not trap.sprung


@pytest.mark.parametrize("name", EVERY)
def test_in_a_shared_folder(name: str, trap: Trap, run: Path, told, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert main(["export", str(run), "format=safetensors", f"output={tmp_path / 'shared'}"]) == 0
    facts = json.loads((tmp_path / "shared" / "seqtrain.json").read_text())
    for slot in ("model", "task"):
        changed = facts | {"config": facts["config"] | {slot: trap.payload(name)}}
        (tmp_path / "shared" / "seqtrain.json").write_text(json.dumps(changed))
        assert slot in refused(told, "predict", "shared", "-", "--trust", HERE).replace("live", "")
        assert not trap.sprung


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_is_no_name(name: str, run: Path, told, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for number, (command, words) in enumerate(COMMANDS.items()):
        place = poisoned(run, tmp_path / str(number), "model", {"_target_": NO_NAMES[name]})
        text = refused(told, *(word.replace("RUN", str(place)) for word in words))
        assert "must be the full name of a class" in text, command


@pytest.mark.parametrize("name", POISONED)
def test_a_poisoned_checkpoint(name: str, run: Path, told, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    place = tmp_path / "run"
    shutil.copytree(run, place)
    (place / "checkpoints" / "previous.ckpt").unlink(missing_ok=True)
    for kind in ("best", "last"):
        (place / "checkpoints" / f"{kind}.ckpt").unlink()
        POISONED[name](place / "checkpoints" / f"{kind}.ckpt")
    for words in COMMANDS.values():
        assert ".ckpt" in refused(told, *(word.replace("RUN", str(place)) for word in words))
    assert not list(place.glob("**/*executed"))


SHAPES = [None, 3, "text", [], [1], {}, {"a": {"b": {}}}, {"_target_": None}, True, "${oc.env:HOME}", "${nothing}"]


@pytest.mark.parametrize("slot", ["data", "model", "task", "optimizer", "callbacks", "seed", "threads"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_config_of_another_shape(shape: Any, slot: str, run: Path, told, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for number, words in enumerate([*COMMANDS.values(), ["evaluate", "RUN", "data.length=30"]]):
        place = poisoned(run, tmp_path / str(number), slot, shape)
        status, text = told(*(word.replace("RUN", str(place)) for word in words))
        assert "Traceback" not in text
        assert status in (0, 2)
        assert status == 0 or len(text.splitlines()) <= 5
