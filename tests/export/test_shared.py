"""A folder to share holds the model and nothing else, and what is wrong with one is told before it is built."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from composing import choices
from test_onnx import make_trained

from seqtrain.errors import WrongInput
from seqtrain.export.shared import write_shared
from seqtrain.trained import Trained, load


def share(trained: Trained, folder: Path) -> Path:
    write_shared(trained.network, trained.spec, trained.config, folder)
    return folder


def change(folder: Path, how: Callable[[dict[str, Any]], object]) -> None:
    facts = json.loads((folder / "seqtrain.json").read_text())
    how(facts)
    (folder / "seqtrain.json").write_text(json.dumps(facts))


@pytest.mark.parametrize("task", ["classification", "step_regression"])
@pytest.mark.parametrize("model", choices("model"))
def test_what_is_loaded_is_what_was_shared(tmp_path: Path, model: str, task: str) -> None:
    trained = make_trained(model, task)
    again = load(share(trained, tmp_path / "shared"))
    assert again.spec == trained.spec
    steps = [torch.randn(length, 3) for length in (1, 12, 40)]
    for one, other in zip(again.outputs(steps), trained.outputs(steps), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_only_what_the_model_needs_is_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "hunter2")
    trained = make_trained("gru")
    trained.config.width = 8
    trained.config.model.hidden = "${width}"
    trained.config.data.note = "${oc.env:TOKEN}"
    trained.config.logger = {"password": "swordfish"}
    folder = share(trained, tmp_path / "shared")
    text = (folder / "seqtrain.json").read_text()
    assert "hunter2" not in text
    assert "swordfish" not in text
    assert set(json.loads(text)["config"]) == {"data", "model", "task", "width"}
    assert load(folder).network.backbone.out_features == 8
    assert sorted(path.name for path in folder.iterdir()) == ["model.safetensors", "seqtrain.json"]


def test_sharing_again_replaces_what_was_there(tmp_path: Path) -> None:
    share(make_trained("gru"), tmp_path)
    assert load(share(make_trained("linear"), tmp_path)).network.backbone.out_features == 3


def test_a_changed_byte_of_the_weights_is_found(tmp_path: Path) -> None:
    folder = share(make_trained("gru"), tmp_path)
    content = (folder / "model.safetensors").read_bytes()
    for place in range(0, len(content), len(content) // 25):
        changed = bytearray(content)
        changed[place] ^= 16
        (folder / "model.safetensors").write_bytes(changed)
        with pytest.raises(WrongInput, match="damaged or was changed"):
            load(folder)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (lambda facts: facts.update(format=2), "has the format 2"),
        (lambda facts: facts.pop("spec"), "is not as seqtrain export writes it"),
        (lambda facts: facts.update(weights=None), "is not as seqtrain export writes it"),
        (lambda facts: facts["spec"].update(features="3"), "is not as seqtrain export writes it"),
        (lambda facts: facts["spec"].update(classes=["a"]), "a spec that cannot be"),
        (lambda facts: facts["spec"].update(longest=0), "a spec that cannot be"),
        (lambda facts: facts["spec"].update(longest=1 << 40), "far more than its"),
        (lambda facts: facts["spec"].update(features=4), "are not those of this config"),
        (lambda facts: facts["config"]["model"].update(hidden=1 << 40), "do not belong together"),
        (lambda facts: facts["config"]["model"].update(hidden=999), "are not those of this config"),
        (lambda facts: facts["config"]["model"].update(num_layers=50), "are not those of this config"),
        (lambda facts: facts["config"]["model"].update(_target_="os.system"), "not trusted, so nothing was built"),
        (lambda facts: facts["config"]["model"].update(hidden="${oc.create:8}"), "uses the resolver oc.create"),
        (lambda facts: facts["config"]["task"].update(_target_="mypkg.Task"), "not trusted, so nothing was built"),
        (lambda facts: facts.pop("config"), "is not as seqtrain export writes it"),
    ],
)
def test_facts_that_do_not_fit_are_told(tmp_path: Path, how: Callable[[dict[str, Any]], object], message: str) -> None:
    folder = share(make_trained("gru"), tmp_path)
    change(folder, how)
    with pytest.raises(WrongInput, match=message):
        load(folder)


def test_weights_that_are_no_safetensors_are_told(tmp_path: Path) -> None:
    folder = share(make_trained("gru"), tmp_path)
    for content in (
        b"",
        b"1234567",
        (1 << 60).to_bytes(8, "little") + b"{}",
        bytes(64),
        b"\x08" + bytes(7) + b'{"a":1}!',
    ):
        (folder / "model.safetensors").write_bytes(content)
        told = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        change(folder, lambda facts, told=told: facts["weights"].update(told))
        with pytest.raises(WrongInput, match=r"no safetensors file|are not those of this config"):
            load(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(WrongInput, match="is missing"):
        load(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000])
def test_facts_that_are_no_json_are_told(tmp_path: Path, text: str) -> None:
    folder = share(make_trained("gru"), tmp_path)
    (folder / "seqtrain.json").write_text(text)
    with pytest.raises(WrongInput, match=r"is no JSON|has the format"):
        load(folder)


def test_facts_beyond_a_megabyte_are_not_read(tmp_path: Path) -> None:
    folder = share(make_trained("gru"), tmp_path)
    (folder / "seqtrain.json").write_text(" " * (1 << 20) + "{}")
    with pytest.raises(WrongInput, match="at most"):
        load(folder)
