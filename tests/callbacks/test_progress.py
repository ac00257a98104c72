import io
import os
import time
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from seqtrain.callbacks import progress
from seqtrain.callbacks.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setattr(os, "get_terminal_size", lambda fd: os.terminal_size((80, 24)))
    return Terminal()


def training(**state: Any) -> Any:
    """As much of a trainer as a progress bar looks at."""
    given = {"is_global_zero": True, "max_steps": 400, "max_epochs": 4, "global_step": 0, "current_epoch": 0}
    given |= {
        "should_stop": False,
        "callback_metrics": {},
        "lightning_module": SimpleNamespace(last_loss=float("nan"), epoch_loss=lambda: 0.5),
    }
    return SimpleNamespace(**(given | state))


def advance(trainer: Any, step: int) -> None:
    trainer.global_step, trainer.current_epoch = step, (step - 1) // 100
    trainer.lightning_module.last_loss = 1 / step
    if step >= 100:
        trainer.callback_metrics["val/loss"] = torch.tensor(2 / step)


def test_a_terminal_shows_epoch_updates_losses_and_speed(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_REDRAW", 0.0)
    bar, trainer = Progress(stream=terminal), training()
    bar.on_train_start(trainer, trainer.lightning_module)
    advance(trainer, 150)
    bar.on_train_batch_end(trainer, trainer.lightning_module)
    last = terminal.getvalue().split("\r")[-1]
    assert last.startswith("epoch 2/4 |")
    assert "| 150/400, " in last
    assert "/s, train 0.0067, val 0.013, " in last
    assert max(map(len, terminal.getvalue().split("\r"))) <= 80
    bar.on_train_end(trainer, trainer.lightning_module)
    assert terminal.getvalue().endswith("\n")


def test_the_bar_is_redrawn_by_time_and_not_by_batch(terminal: Terminal) -> None:
    bar, trainer = Progress(stream=terminal), training()
    bar.on_train_start(trainer, trainer.lightning_module)
    pictures = terminal.getvalue().count("\r")
    for step in range(1, 400):
        advance(trainer, step)
        bar.on_train_batch_end(trainer, trainer.lightning_module)
    assert terminal.getvalue().count("\r") <= pictures + 2
    bar.on_train_end(trainer, trainer.lightning_module)
    assert "399/400" in terminal.getvalue()


@pytest.mark.parametrize("watched", [True, False])
def test_a_call_between_two_pictures_costs_next_to_nothing(watched: bool, terminal: Terminal) -> None:
    bar, trainer = Progress(stream=terminal if watched else io.StringIO()), training()
    bar.on_train_start(trainer, trainer.lightning_module)
    fastest = 1.0
    for _ in range(20):
        began = time.perf_counter()
        for _ in range(1000):
            bar.tick()
        fastest = min(fastest, time.perf_counter() - began)
    assert fastest / 1000 < 2e-6
    bar.on_train_end(trainer, trainer.lightning_module)


def lines(epochs: int) -> list[str]:
    """What a file gets of so many epochs of 100 updates."""
    stream = io.StringIO()
    bar, trainer = Progress(stream=stream), training(max_epochs=epochs, max_steps=100 * epochs)
    bar.on_train_start(trainer, trainer.lightning_module)
    for epoch in range(1, epochs + 1):
        advance(trainer, 100 * epoch)
        bar.on_train_batch_end(trainer, trainer.lightning_module)
        bar.on_train_epoch_end(trainer, trainer.lightning_module)
    bar.on_train_end(trainer, trainer.lightning_module)
    assert "\r" not in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
    return stream.getvalue().splitlines()


def test_a_file_gets_lines_without_control_characters_every_few_seconds_at_most() -> None:
    first, last = lines(21)
    assert first.startswith("epoch  1/21, 100 of 2,100 updates, train loss 0.5, val loss 0.02, ")
    assert first.endswith(" updates/s")
    assert last.startswith("epoch 21/21, 2,100 of 2,100 updates")


def test_a_file_gets_every_one_of_few_epochs() -> None:
    assert [line.split(",")[0] for line in lines(3)] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]


def test_a_resumed_run_begins_where_it_was(terminal: Terminal) -> None:
    bar, trainer = Progress(stream=terminal), training(global_step=200, current_epoch=2)
    bar.on_train_start(trainer, trainer.lightning_module)
    assert terminal.getvalue().startswith("\repoch 3/4 |")
    assert "| 200/400, 0/s" in terminal.getvalue()
    bar.on_exception(trainer, trainer.lightning_module, KeyboardInterrupt())
    assert terminal.getvalue().endswith("\n")


def test_a_terminal_without_a_size_gets_lines(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "get_terminal_size", lambda fd: os.terminal_size((0, 0)))
    bar, trainer = Progress(stream=terminal), training(max_steps=-1, max_epochs=-1)
    bar.on_train_start(trainer, trainer.lightning_module)
    advance(trainer, 100)
    bar.on_train_epoch_end(trainer, trainer.lightning_module)
    assert terminal.getvalue().startswith("epoch 1, 100 updates, train loss 0.5")


def test_only_the_first_process_shows_progress(terminal: Terminal) -> None:
    bar, trainer = Progress(stream=terminal), training(is_global_zero=False)
    bar.on_train_start(trainer, trainer.lightning_module)
    bar.on_train_batch_end(trainer, trainer.lightning_module)
    bar.on_train_epoch_end(trainer, trainer.lightning_module)
    bar.on_train_end(trainer, trainer.lightning_module)
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("watched", [True, False])
def test_a_terminal_that_is_gone_ends_no_training(
    watched: bool, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    stream = terminal if watched else io.StringIO()
    monkeypatch.setattr(progress, "_REDRAW", 0.0)
    stream.write = gone  # type: ignore[method-assign]
    bar, trainer = Progress(stream=stream), training()
    bar.on_train_start(trainer, trainer.lightning_module)
    for epoch in range(1, 5):
        advance(trainer, 100 * epoch)
        bar.on_train_batch_end(trainer, trainer.lightning_module)
        bar.on_train_epoch_end(trainer, trainer.lightning_module)
    bar.on_train_end(trainer, trainer.lightning_module)
    (said,) = (record.getMessage() for record in caplog.records)
    assert said == "progress cannot be shown any longer (Broken pipe): the training goes on without"
