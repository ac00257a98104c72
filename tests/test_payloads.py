"""No payload runs: each is refused in words, with what would trust it; plain Hydra runs most of them."""

import contextlib
import functools
import gc
import sys
import threading
import time
from pathlib import Path
from typing import Any

import payloads
import pytest
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from payloads import HERE, NO_NAMES, NOT_SHOWN, PAYLOADS, STOPPED_BY_HYDRA, Trap

from seqtrain.build import prepare
from seqtrain.errors import WrongInput

SLOTS = ["model", "data", "task", "optimizer", "scheduler", "trainer", "checkpoint", "logger", "callbacks.mine"]
# Whoever trusts these trusts a package already: seqtrain's own, and that of the test
TRUSTED = {"a function of seqtrain's", "a function of a trusted package"}
NO_PLACE = {"in a place for a number", "in _args_", "not recursive", "converted"}  # refused before they are looked at


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trap:
    trap = Trap(tmp_path)
    monkeypatch.setenv("SEQTRAIN_TRUST", HERE)
    monkeypatch.syspath_prepend(trap.evil)
    monkeypatch.delitem(sys.modules, "evil_module", raising=False)
    return trap


def refusal(config: Any, setting: str) -> str:
    with pytest.raises(WrongInput) as caught:
        prepare(config, setting)
    assert 1 <= len(str(caught.value).splitlines()) <= 5
    return str(caught.value)


@pytest.mark.parametrize("setting", SLOTS)
@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_is_refused_in_words(name: str, setting: str, trap: Trap) -> None:
    config = trap.payload(name)
    message = refusal(config, setting)
    assert message.startswith(f"{setting}.")
    assert not trap.sprung
    assert "evil_module" not in sys.modules
    if setting == "model" and name not in TRUSTED | NO_PLACE:
        assert "--trust " in message
        assert "not trusted, so nothing was built" in message


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_is_no_name_is_refused(name: str, trap: Trap) -> None:
    for config in (
        {"_target_": NO_NAMES[name]},
        {"_target_": f"{HERE}.Model", "extra": [{"_target_": NO_NAMES[name]}]},
    ):
        message = refusal(config, "model")
        assert "must be the full name of a class" in message
        assert message.isascii()
        assert "--trust" not in message
    assert not trap.sprung


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [each for each in PAYLOADS if each not in {*STOPPED_BY_HYDRA, *NOT_SHOWN}])
def test_control_plain_instantiate_runs_it(name: str, trap: Trap) -> None:
    with contextlib.suppress(InstantiationException):  # some end badly, having run
        _run_later(instantiate(trap.payload(name)))
    patience = time.monotonic() + 10  # some run in another process
    while not trap.sprung and time.monotonic() < patience:
        time.sleep(0.01)
    assert trap.sprung
    _collect()


def _collect() -> None:
    """What it left open is closed here, where warnings are ignored, and not in the middle of another test."""
    for thread in threading.enumerate():
        if thread.name.startswith("asyncio-waitpid"):  # holds the process that it waits for
            thread.join()
    gc.collect()


def _run_later(made: Any) -> None:
    """What a partial object would do for whoever calls it; and what is open is closed."""
    made = getattr(made, "extra", made)
    if isinstance(made, functools.partial):
        made()
    getattr(made, "close", lambda: None)()


@pytest.mark.parametrize("name", sorted(STOPPED_BY_HYDRA))
def test_control_hydras_own_list_stops_it(name: str, trap: Trap) -> None:
    with pytest.raises(InstantiationException, match="blocklisted"):
        instantiate(trap.payload(name))


def test_the_battery_is_as_large_as_it_says() -> None:
    run = {*PAYLOADS} - STOPPED_BY_HYDRA - {*NOT_SHOWN}
    print(f"{len(PAYLOADS)} payloads: {len(run)} run through instantiate, Hydra stops {len(STOPPED_BY_HYDRA)}")
    assert {*STOPPED_BY_HYDRA, *NOT_SHOWN} <= {*PAYLOADS}
    assert len(PAYLOADS) >= 70
    assert len(run) >= 40
    assert callable(payloads.system)
