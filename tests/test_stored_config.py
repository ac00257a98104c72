"""A stored config is read as data, whole (for one run) or as plain values (for hundreds)."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from seqtrain.errors import WrongInput
from seqtrain.stored_config import read_stored_config, read_stored_values


def stored(folder: Path, text: str) -> Path:
    path = folder / "run" / ".hydra" / "config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_plain_values_are_what_omegaconf_reads(tmp_path: Path) -> None:
    config = {
        "optimizer": {"lr": 1e-8, "betas": [0.9, 0.99]},
        "names": ["yes", "1e-3", "2026-01-31", "null", "007"],
        "on": True,
        "nothing": None,
        "trainer": {"max_epochs": 80, "every": "${trainer.max_epochs}", "again": ["${trainer.every}"]},
    }
    path = stored(tmp_path, OmegaConf.to_yaml(OmegaConf.create(config)))
    assert read_stored_values(path) == OmegaConf.to_container(read_stored_config(path), resolve=True)


def test_the_environment_and_whole_nodes_are_left_as_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "s3cret")
    text = "a: ${oc.env:SECRET}\nb: ${c}\nc:\n  d: ${b}\n  e: ${nothing.here}\n  f: ${c.f}\n"
    assert read_stored_values(stored(tmp_path, text)) == {
        "a": "${oc.env:SECRET}",
        "b": "${c}",
        "c": {"d": "${b}", "e": "${nothing.here}", "f": "${c.f}"},
    }


@pytest.mark.parametrize("read", [read_stored_config, read_stored_values])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x [1]\nb: *x\n", "uses YAML aliases"),
        ("a: ${oc.create:b}\n", "uses the resolver oc.create"),
        ("a: [1\n", "is no YAML"),
        ("- 1\n", "is no mapping of settings"),
        ("!!python/object/apply:os.getcwd []\n", "is no YAML"),
        ("a: " + "x" * (1 << 20), "a config has at most"),
    ],
)
def test_what_is_no_plain_config_is_refused(read, text: str, message: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(WrongInput, match=message):
        read(stored(tmp_path, text))


def test_a_folder_without_a_config_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="is no run folder"):
        read_stored_values(tmp_path / ".hydra" / "config.yaml")
