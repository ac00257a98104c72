"""A line on the terminal that says how far a training is, and how well it goes."""

import logging
import math
import os
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

import pytorch_lightning as pl
from tqdm import tqdm  # type: ignore[import-untyped]

log = logging.getLogger("seqtrain")

_REDRAW = 0.2  # seconds between two pictures of the bar
_PRINT, _FEW = 5.0, 20  # seconds between two lines where there is no terminal, but for a training of few epochs


class _Bar(tqdm):  # type: ignore[misc]
    monitor_interval = 0  # no thread: worker processes are forked from this one


class Progress(pl.Callback):
    """Epoch, updates, losses and speed, on standard error.

    On a terminal it is a bar that is redrawn by time, never by batch. Elsewhere it is a line at the end of
    an epoch, of more than 20 at most every few seconds, without control characters. Where nobody reads it any
    longer, as behind `| head`, the training goes on without.

    The updates are counted by `trainer.global_step` of `trainer.max_steps`. The training loss is the learner's
    `last_loss` on the bar, and its `epoch_loss`, a mean, at the end of an epoch; `val/loss` of
    `trainer.callback_metrics` is that of the last validation.

    Args:
        stream: where it is shown; standard error by default.
    """

    def __init__(self, *, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._while_read: _WhileRead | None = None
        self._bar: _Bar | None = None
        self._trainer: pl.Trainer | None = None
        self._redraw_at = math.inf
        self._print_at = 0.0
        self._began, self._first = 0.0, 0

    def tick(self) -> None:
        """Redraw if it is time to. Cheap: a learner may call it at every update of a long chunk."""
        if time.monotonic() >= self._redraw_at:
            self._redraw()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not trainer.is_global_zero:
            return
        self._trainer = trainer
        self._began, self._first = time.monotonic(), trainer.global_step
        stream = self._shown_on()
        if _is_terminal(stream.stream):
            self._bar = _Bar(
                total=trainer.max_steps if trainer.max_steps > 0 else None,
                initial=self._first,
                file=stream,
                dynamic_ncols=True,
                mininterval=0,
                delay=1e-9,  # no picture before the first of ours
                bar_format="{desc} |{bar:10}| {n_fmt}/{total_fmt}{postfix}, {remaining} left",  # fits in 80 columns
            )
            self._redraw()

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        self.tick()

    def on_validation_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        self.tick()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._trainer is None or self._bar is not None:
            return
        last = trainer.should_stop or trainer.global_step >= trainer.max_steps > 0
        few = 0 < (trainer.max_epochs or 0) <= _FEW
        if last or few or time.monotonic() >= self._print_at:
            self._print_at = time.monotonic() + _PRINT
            total = f" of {trainer.max_steps:,}" if trainer.max_steps > 0 else ""
            losses = "".join(f", {name} loss {loss:.3g}" for name, loss in _losses(trainer, ended=True).items())
            line = (
                f"{_epoch(trainer)}, {trainer.global_step:,}{total} updates{losses}, {self._speed(trainer)} updates/s"
            )
            print(line, file=self._shown_on(), flush=True)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._close()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self._close()

    def _redraw(self) -> None:
        if self._bar is None or self._trainer is None:
            return
        self._bar.set_description_str(_epoch(self._trainer), refresh=False)
        losses = [f"{name} {loss:.2g}" for name, loss in _losses(self._trainer).items()]
        self._bar.set_postfix_str(", ".join([f"{self._speed(self._trainer)}/s", *losses]), refresh=False)
        if not self._bar.update(self._trainer.global_step - self._bar.n):
            self._bar.refresh()
        self._redraw_at = time.monotonic() + _REDRAW

    def _speed(self, trainer: pl.Trainer) -> str:
        """Updates a second, validation included."""
        speed = (trainer.global_step - self._first) / max(time.monotonic() - self._began, 1e-9)
        return f"{speed:,.0f}" if speed >= 10 else f"{speed:.2g}"

    def _close(self) -> None:
        if self._bar is not None:
            self._redraw()
            self._bar.close()
            self._bar = None
        self._redraw_at = math.inf

    def _shown_on(self) -> "_WhileRead":
        stream = self._stream if self._stream is not None else sys.stderr
        if self._while_read is None or self._while_read.stream is not stream:
            self._while_read = _WhileRead(stream)
        return self._while_read


class _WhileRead:
    """A stream that takes no more once nobody reads it: tqdm would keep its lock where writing fails."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._gone = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> None:
        self._try(lambda: self.stream.write(text))

    def flush(self) -> None:
        self._try(self.stream.flush)

    def _try(self, act: Callable[[], object]) -> None:
        if self._gone:
            return
        try:
            act()
        except OSError as error:
            self._gone = True
            log.warning("progress cannot be shown any longer (%s): the training goes on without", error.strerror)


def _is_terminal(stream: TextIO) -> bool:
    """Whether somebody watches: a terminal that has a size, which some that machines open have not."""
    if not stream.isatty():
        return False
    try:
        return min(os.get_terminal_size(stream.fileno())) > 0
    except OSError:
        return False


def _losses(trainer: pl.Trainer, *, ended: bool = False) -> dict[str, float]:
    """Those that are known by now; of training that of the last update, or the mean of an epoch that has ended."""
    learner: Any = trainer.lightning_module
    train = learner.epoch_loss() if ended else learner.last_loss
    losses = {"train": train, "val": float(trainer.callback_metrics.get("val/loss", math.nan))}
    return {name: loss for name, loss in losses.items() if not math.isnan(loss)}


def _epoch(trainer: pl.Trainer) -> str:
    last = trainer.max_epochs if trainer.max_epochs is not None and trainer.max_epochs > 0 else None
    if last is None:
        return f"epoch {trainer.current_epoch + 1}"
    return f"epoch {min(trainer.current_epoch + 1, last):>{len(str(last))}}/{last}"
