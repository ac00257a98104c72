"""Checkpoint files that are whole or refused: written atomically, carrying their own SHA-256, never unpickled.

A checkpoint is torch's zip archive of tensors and plain values. Its digest stands in the archive's comment, so
that it goes wherever the file goes. A save ends in a rename after an fsync: a kill leaves the old file or the new.
"""

import hashlib
import os
import shutil
import struct
from pathlib import Path
from typing import Any, Literal

from seqtrain.direction import less_is_better
from seqtrain.errors import WrongInput
from seqtrain.machine import deaths_told_later, not_written
from seqtrain.ranges import Positive
from seqtrain.tensors_only import DIGEST, check_archive, check_tensors


class Checkpoints:
    """When a run saves its state, and which epoch counts as its best.

    Args:
        minutes: save within an epoch when so much time has passed since the last save.
        monitor: the metric whose best epoch is kept, such as val/loss or val/accuracy.
        mode: whether less or more of it is better; auto: less for loss, mse, rmse and mae, more for the others.
    """

    def __init__(
        self,
        *,
        minutes: Positive = 10.0,
        monitor: str = "val/loss",
        mode: Literal["auto", "min", "max"] = "auto",
    ) -> None:
        self.minutes = minutes
        self.monitor = monitor
        self.less_is_better = less_is_better(monitor, mode, "checkpoint.mode")

    def check_metric(self, names: tuple[str, ...]) -> None:
        """Raise WrongInput unless the monitored metric is one that a validation gives."""
        known = [f"val/{name}" for name in ["loss", *names]]
        if self.monitor not in known:
            raise WrongInput(f"checkpoint.monitor is {self.monitor!r}: it must be one of {', '.join(known)}")


def write_checkpoint(content: dict[str, Any], path: Path) -> None:
    """Write beside `path`, then rename: whoever looks sees the old file or the new one, whole.

    Raises MachineFailed naming the path and the free space where the disk does not take it; the old file stays.
    """
    with deaths_told_later():
        _write(content, path)


def _write(content: dict[str, Any], path: Path) -> None:
    import torch

    temporary = path.with_name(path.name + ".tmp")
    try:
        with open(temporary, "w+b") as file:
            torch.save(content, file)
            _append_digest(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except (OSError, RuntimeError) as error:  # torch wraps a failed write in RuntimeError
        temporary.unlink(missing_ok=True)
        raise not_written(path, error) from error


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Tensors and plain values of a checkpoint, on the CPU.

    Raises WrongInput where the file is missing, is not what was written, or holds anything but tensors and plain
    values, of the file's own size.
    """
    import torch

    if not path.is_file():
        raise WrongInput(f"{path} does not exist")
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        if _digest(file, size - DIGEST) != stored_digest(path):
            raise WrongInput(f"{path} is damaged: its SHA-256 is not the one it was written with")
    check_archive(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken pickle fails in any way at all: KeyError, OverflowError, …
        raise WrongInput(f"{path} is no checkpoint of seqtrain's: {_first_line(error)}") from error
    if not isinstance(content, dict):
        raise WrongInput(f"{path} is no checkpoint of seqtrain's: it holds a {type(content).__name__}")
    check_tensors(content, path)
    return content


def stored_digest(path: Path) -> str:
    """The SHA-256 that a checkpoint was written with; whether it still is of that content, reading it says."""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - DIGEST, 0))
        return file.read().decode("ascii", "replace")


def link(source: Path, target: Path) -> None:
    """Give a checkpoint a second name, atomically; saves replace files and never change them, so a link is a copy."""
    temporary = target.with_name(target.name + ".tmp")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, temporary)
    os.replace(temporary, target)
    temporary.unlink(missing_ok=True)  # a rename leaves it where both are names of one file already
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0] or type(error).__name__


def _append_digest(file: Any) -> None:
    file.seek(-2, os.SEEK_END)  # the length of the archive's comment, which torch leaves empty
    file.write(struct.pack("<H", DIGEST))
    digest = _digest(file, file.seek(0, os.SEEK_END))
    file.seek(0, os.SEEK_END)
    file.write(digest.encode("ascii"))


def _digest(file: Any, size: int) -> str:
    hashed = hashlib.sha256()
    file.seek(0)
    while size > 0:
        piece = file.read(min(size, 1 << 20))
        if not piece:
            break
        hashed.update(piece)
        size -= len(piece)
    return hashed.hexdigest()
