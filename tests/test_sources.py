"""What is read from source is what the imported class says."""

import re

import pytest

from seqtrain.commands.configs import Configs
from seqtrain.signatures import settings_of
from seqtrain.sources import settings_in_source
from seqtrain.trust import trusted_class


def targets() -> list[str]:
    files = {path for options in Configs().groups.values() for path in options.values()}
    return sorted({name for path in files for name in re.findall(r"_target_: (\S+)", path.read_text())})


@pytest.mark.parametrize("target", targets())
def test_source_and_signature_agree(target: str) -> None:
    read = settings_in_source(target)
    assert read is not None, "not understood: its mistakes are told only after torch is imported"
    imported = settings_of(trusted_class(target, "target"))
    assert list(read) == list(imported)
    for name, setting in imported.items():
        assert read[name].allowed == setting.allowed
        assert read[name].default == setting.default
        assert read[name].meaning == setting.meaning
        assert setting.meaning or name in ("in_features", "per_step", "longest", "shortest")


def test_what_is_not_ours_is_not_read() -> None:
    assert settings_in_source("torch.nn.Linear") is None
    assert settings_in_source("seqtrain.nowhere.Class") is None
    assert settings_in_source("seqtrain.batch.Nothing") is None
    assert settings_in_source("seqtrain.../etc/passwd.X") is None
