"""A signal waits for the end of a step in training, and acts at once elsewhere."""

import os
import pickle
import signal
import time

import pytest

from seqtrain import interruption
from seqtrain.interruption import Interrupted, Interruption


def test_a_signal_acts_at_once_before_training() -> None:
    with pytest.raises(Interrupted, match="stopped by SIGTERM"), Interruption().listening():
        os.kill(os.getpid(), signal.SIGTERM)


def kill_twice(asked: Interruption, seen: list[int | None]) -> None:
    """The same wish again, as where a scheduler tells a process, and the first process tells it too."""
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGTERM)
    seen.append(asked.asked())


def test_a_signal_waits_in_training() -> None:
    asked, seen = Interruption(), []
    with pytest.raises(Interrupted, match="stopped by SIGINT"), asked.listening(), asked.deferred():
        kill_twice(asked, seen)
    assert seen == [signal.SIGINT]


def test_a_second_signal_later_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruption, "_PATIENCE", 0.0)
    asked, seen = Interruption(), []
    with pytest.raises(Interrupted, match="stopped by SIGTERM"), asked.listening(), asked.deferred():
        kill_twice(asked, seen)
    assert seen == []


def test_a_signal_to_another_process_stops_this_one() -> None:
    with pytest.raises(Interrupted, match="stopped by SIGTERM"):
        Interruption(agree=lambda own: max(own, signal.SIGTERM)).stop_if_asked()
    Interruption().stop_if_asked()


def test_it_goes_from_one_process_to_another() -> None:
    assert pickle.loads(pickle.dumps(Interrupted(signal.SIGINT))).signum == signal.SIGINT
