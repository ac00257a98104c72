"""The folder of one run: where its files are, who may write to it, and how it ended."""

import csv
import fcntl
import json
import logging
import os
import shutil
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from seqtrain.checkpoints import link, read_checkpoint, write_checkpoint
from seqtrain.errors import WrongInput
from seqtrain.machine import not_written

log = logging.getLogger("seqtrain")


_ROOM = 1 << 20  # bytes that a run takes at least
_PATIENCE = 0.1  # seconds: whoever looks whether a lock is free holds it for an instant


class InUse(WrongInput):
    """Another process writes to the folder."""


class RunFolder:
    """A run's folder; as a context manager it is locked, and a second process is refused.

    The lock is the operating system's, so a killed run leaves none behind.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = path / "checkpoints"
        self.best = self.checkpoints / "best.ckpt"
        self.last = self.checkpoints / "last.ckpt"
        self.previous = self.checkpoints / "previous.ckpt"
        self.figures = path / "figures"
        self.tensorboard = path / "tensorboard"
        self.metrics = path / "metrics.csv"
        self.config = path / ".hydra" / "config.yaml"
        self.overrides = path / ".hydra" / "overrides.yaml"
        self.result = path / "result.json"
        self.log = path / "train.log"
        self._lock: IO[str] | None = None

    def __enter__(self) -> "RunFolder":
        try:
            self.checkpoints.mkdir(parents=True, exist_ok=True)
            self._lock = open(self.path / ".lock", "a")
        except OSError as error:
            raise WrongInput(f"cannot write to the run folder {self.path}: {error.strerror}") from error
        if not _locked(self._lock, patience=_PATIENCE):
            self._lock.close()
            raise InUse(f"{self.path} is in use by another run: wait for it, or choose another folder")
        for leftover in (*self.checkpoints.glob("*.tmp"), *self.config.parent.glob("*.tmp"), *self.path.glob("*.tmp")):
            leftover.unlink()
        try:
            self._check_room()
        except WrongInput:
            self._lock.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._lock is not None
        self._lock.close()

    def _check_room(self) -> None:
        """Raise WrongInput where a megabyte cannot be written: told now, and not when the first epoch is lost."""
        probe = self.checkpoints / "room.tmp"
        try:
            probe.write_bytes(bytes(_ROOM))
        except OSError as error:
            free = shutil.disk_usage(self.path).free / 1e6
            raise WrongInput(
                f"cannot write to the run folder {self.path}: {error.strerror} ({free:,.1f} MB are free there): "
                "make room, or choose another with hydra.run.dir=DIR"
            ) from error
        finally:
            probe.unlink(missing_ok=True)

    def in_use(self) -> bool:
        """Whether another process holds the lock."""
        try:
            with open(self.path / ".lock", "r+") as lock:
                return not _locked(lock)
        except FileNotFoundError:
            return False

    def keep(self, content: dict[str, Any], *, best: bool) -> None:
        """Save the state of a run; the one before is kept too. Raises MachineFailed where the disk does not take it."""
        if self.last.exists():
            link(self.last, self.previous)
        write_checkpoint(content, self.last)
        if best:
            link(self.last, self.best)

    def best_checkpoint(self, step: int) -> dict[str, Any]:
        """What best.ckpt holds. Raises WrongInput unless it is of that update, as the record says it is."""
        last = read_checkpoint(self.last)
        if last["seqtrain"]["step"] == step:
            link(self.last, self.best)  # where it was killed before best.ckpt followed
            return last
        content = read_checkpoint(self.best)
        if content["seqtrain"]["step"] != step:
            raise WrongInput(f"{self.best} is of update {content['seqtrain']['step']}, not {step}: start a new run")
        return content

    def resumable(self) -> Path | None:
        """The newest checkpoint that is whole, or None where there is none yet; a damaged one is told.

        Raises WrongInput where all that there are are damaged.
        """
        damages = []
        for checkpoint in (self.last, self.previous):
            if not checkpoint.exists():
                continue
            try:
                read_checkpoint(checkpoint)
            except WrongInput as damage:
                damages.append(str(damage))
                continue
            for damage_told in damages:
                log.warning("%s: going on from %s, the one before", damage_told, checkpoint.name)
                os.replace(checkpoint, self.last)  # so that the next save does not keep the damaged one instead
            return self.last
        if damages:
            raise WrongInput(f"{damages[0]}; so is every other one: start a new run")
        return None

    def write_config(self, config: str, overrides: list[str]) -> None:
        """Keep the config as it was composed, unresolved: resolving would copy secrets out of the environment."""
        self.config.parent.mkdir(exist_ok=True)
        write_text(self.overrides, "".join(f"- {json.dumps(override)}\n" for override in overrides))
        write_text(self.config, config)  # last: where it is, a killed run can be resumed and has both

    def write_result(self, result: dict[str, Any]) -> None:
        write_text(self.result, json.dumps(result, indent=2) + "\n")

    def read_rows(self) -> list[dict[str, float | None]]:
        """The rows of metrics.csv; None where an epoch was not validated."""
        with open(self.metrics, newline="") as file:
            return [{name: float(cell) if cell else None for name, cell in row.items()} for row in csv.DictReader(file)]

    def read_result(self) -> dict[str, Any]:
        """What result.json says; nothing where the run has not come to write it."""
        if not self.result.is_file():
            return {}
        try:
            content: dict[str, Any] = json.loads(self.result.read_text())
        except (ValueError, RecursionError):  # cut short by a power failure, or not ours
            return {}
        return content if isinstance(content, dict) else {}


def write_text(path: Path, text: str) -> None:
    """Replace a file's content atomically. Raises MachineFailed where the disk does not take it."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise not_written(path, error) from error


def _locked(lock: IO[str], *, patience: float = 0.0) -> bool:
    """Take a lock for this process, within so many seconds; whether it could be had."""
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            if time.monotonic() >= deadline:
                return False
        time.sleep(0.01)
