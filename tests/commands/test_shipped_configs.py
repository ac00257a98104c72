"""Every shipped config composes, is prepared, and repeats the defaults of its class in their order."""

import pytest
from omegaconf import OmegaConf

from seqtrain.commands.compose import composing, without_hydra
from seqtrain.commands.configs import Configs, first_line, shipped
from seqtrain.commands.guard import check_hydra
from seqtrain.parts import prepare_parts
from seqtrain.signatures import settings_of
from seqtrain.slots import SLOTS
from seqtrain.trust import trusted_class

CHOICES = [
    f"{group}={option}" for group, options in Configs().groups.items() if group != "loading" for option in options
]
FILES = sorted({path for options in Configs().groups.values() for path in options.values()})
# Settings that tell configs of one class apart, or that only some have as their own.
DIFFER = {"model.cell", "trainer.accelerator", "trainer.devices"}


@pytest.mark.parametrize("choice", CHOICES)
def test_it_composes_and_is_prepared(choice: str) -> None:
    folders = ("data=audio_folder", "data=quickdraw", "data=ts", "experiment=drawings", "experiment=sounds")
    needs = ["data.folder=somewhere"] if choice in folders else []
    needs += (
        ["data=table"] if choice.startswith("task=") else []
    )  # what a table predicts is not known before it is read
    needs += ["data.train=somewhere.csv", "data.target=label"] if "data=table" in (choice, *needs) else []
    with composing(Configs()) as composer:
        config = composer.compose([choice, *needs])
        check_hydra(config, lambda: config)
        parts = prepare_parts(without_hydra(config))
    assert parts.run.seed == 0


def test_what_hydra_is_told_is_what_the_guard_expects() -> None:
    with composing(Configs()) as composer:
        check_hydra(composer.compose([]), lambda: pytest.fail("not equal at once"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(shipped())))
def test_it_says_what_it_is_and_repeats_its_class(path) -> None:  # type: ignore[no-untyped-def]
    assert first_line(path)
    slot = path.relative_to(shipped()).parts[0]
    node = OmegaConf.load(path)
    if slot not in SLOTS or "_target_" not in node:
        return
    values = OmegaConf.to_container(node, resolve=False)
    assert isinstance(values, dict)
    values = {key: value for key, value in values.items() if key not in ("_target_", "defaults")}
    settings = {
        name: each
        for name, each in settings_of(trusted_class(node._target_, "target")).items()
        if name not in SLOTS[slot].given
    }
    assert list(values) == list(settings)
    for name, value in values.items():
        if f"{slot}.{name}" not in DIFFER and value != "???" and "${" not in str(value):
            assert value == settings[name].default, name
