"""Two configs are of one training where everything that can change its result is the same."""

import pytest
from omegaconf import OmegaConf

from seqtrain.errors import WrongInput
from seqtrain.identity import differences, identity, matters

CONFIG = {
    "seed": 0,
    "threads": 1,
    "data": {"root": "a", "workers": 0, "length": "${size}"},
    "size": 5,
    "logger": {"x": 1},
}


def changed(key: str, value: object) -> str:
    config = OmegaConf.create(CONFIG)
    OmegaConf.update(config, key, value)
    return identity(config)


def test_what_matters() -> None:
    assert all(matters(key) for key in ("model", "data.length", "optimizer.lr", "+model.x", "experiment", "loggers"))
    assert not any(matters(key) for key in ("logger", "logger.flush_secs", "hydra/launcher", "threads", "~logger"))


@pytest.mark.parametrize(("key", "value"), [("threads", 2), ("data.workers", 2), ("data.root", "b"), ("logger", None)])
def test_speed_paths_and_logs_are_no_part_of_it(key: str, value: object) -> None:
    assert changed(key, value) == identity(OmegaConf.create(CONFIG))


@pytest.mark.parametrize(("key", "value"), [("seed", 1), ("data.length", 6), ("size", 6), ("new", None)])
def test_everything_else_is_as_it_resolves(key: str, value: object) -> None:
    assert changed(key, value) != identity(OmegaConf.create(CONFIG))


def test_a_value_is_the_same_however_it_is_written() -> None:
    assert changed("data.length", 5) == identity(OmegaConf.create(CONFIG))


def test_differences_are_named() -> None:
    other = OmegaConf.create(CONFIG)
    OmegaConf.update(other, "size", 6)
    OmegaConf.update(other, "model.hidden", 8, force_add=True)
    assert differences(OmegaConf.create(CONFIG), other) == [
        "data.length: 5, not 6",
        "size: 5, not 6",
        "model.hidden: unset, not 8",
    ]


def test_a_config_that_does_not_resolve_is_told() -> None:
    with pytest.raises(WrongInput, match="gone"):
        identity(OmegaConf.create({"a": "${gone}"}))
