"""A checkpoint is read whole or refused, and a failed save keeps the one before."""

import os
import signal
from pathlib import Path

import pytest
import torch

from seqtrain.checkpoints import Checkpoints, link, read_checkpoint, write_checkpoint
from seqtrain.errors import MachineFailed, WrongInput

CONTENT = {"state_dict": {"weight": torch.arange(500.0)}, "step": 7, "best": {"score": 0.5, "names": ["a", "b"]}}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "last.ckpt"
    write_checkpoint(CONTENT, path)
    return path


def test_a_checkpoint_reads_back_what_was_written(saved: Path) -> None:
    content = read_checkpoint(saved)
    assert torch.equal(content["state_dict"]["weight"], CONTENT["state_dict"]["weight"])
    assert content["best"] == CONTENT["best"]
    assert not list(saved.parent.glob("*.tmp"))


def test_plain_torch_reads_it_too(saved: Path) -> None:
    assert torch.load(saved, weights_only=True)["step"] == 7


def test_every_flipped_bit_is_noticed(saved: Path) -> None:
    whole = saved.read_bytes()
    for position in range(0, len(whole), len(whole) // 60):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << position % 8
        saved.write_bytes(bytes(damaged))
        with pytest.raises(WrongInput, match="damaged"):
            read_checkpoint(saved)


def test_a_file_cut_short_is_noticed(saved: Path) -> None:
    whole = saved.read_bytes()
    for size in [0, 1, 63, 64, 65, *range(100, len(whole), 256), len(whole) - 1]:
        saved.write_bytes(whole[:size])
        with pytest.raises(WrongInput, match="damaged"):
            read_checkpoint(saved)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="does not exist"):
        read_checkpoint(tmp_path / "none.ckpt")


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "executed"),)

    path = tmp_path / "evil.ckpt"
    write_checkpoint({"state_dict": Payload()}, path)
    with pytest.raises(WrongInput, match=r"asks for posix\.mkdir, which is no tensor"):
        read_checkpoint(path)
    assert not (tmp_path / "executed").exists()


def test_a_save_that_fails_keeps_the_file_and_names_the_space(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MachineFailed, match=r"could not save .*last\.ckpt.*No space left.*MB are free"):
        write_checkpoint(CONTENT | {"step": 8}, saved)
    monkeypatch.undo()
    assert read_checkpoint(saved)["step"] == 7
    assert not list(saved.parent.glob("*.tmp"))


def test_a_link_keeps_what_it_names(saved: Path) -> None:
    best = saved.with_name("best.ckpt")
    link(saved, best)
    write_checkpoint(CONTENT | {"step": 9}, saved)
    assert read_checkpoint(best)["step"] == 7


def test_linking_twice_leaves_nothing_behind(saved: Path) -> None:
    best = saved.with_name("best.ckpt")
    link(saved, best)
    link(saved, best)  # a rename from one name of a file to another does nothing
    assert sorted(path.name for path in saved.parent.iterdir()) == ["best.ckpt", "last.ckpt"]


@pytest.mark.parametrize(
    ("monitor", "mode", "less"),
    [
        ("val/loss", "auto", True),
        ("val/mae", "auto", True),
        ("val/accuracy", "auto", False),
        ("val/r2", "auto", False),
        ("val/f1", "min", True),
    ],
)
def test_the_better_direction_follows_the_metric(monitor: str, mode: str, less: bool) -> None:
    assert Checkpoints(monitor=monitor, mode=mode).less_is_better is less


def test_a_metric_that_no_validation_gives_is_refused() -> None:
    with pytest.raises(WrongInput, match=r"checkpoint\.monitor is 'val/accuracy': .* val/r2"):
        Checkpoints(monitor="val/accuracy").check_metric(("mse", "r2"))


def test_a_metric_of_which_the_better_direction_is_not_known_needs_a_mode() -> None:
    with pytest.raises(WrongInput, match=r"set checkpoint\.mode"):
        Checkpoints(monitor="val/mape")
    assert Checkpoints(monitor="val/mape", mode="min").less_is_better


def test_a_worker_that_dies_during_a_save_is_told_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def tell(*_: object) -> None:
        raise RuntimeError("DataLoader worker (pid 1) is killed by signal")

    def save(*args: object) -> None:
        os.kill(os.getpid(), signal.SIGCHLD)
        real(*args)

    real, content = torch.save, {"weights": torch.ones(3)}
    monkeypatch.setattr(torch, "save", save)
    before = signal.signal(signal.SIGCHLD, tell)
    try:
        with pytest.raises(RuntimeError, match="killed by signal"):
            write_checkpoint(content, tmp_path / "last.ckpt")
        assert signal.getsignal(signal.SIGCHLD) is tell
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert torch.equal(read_checkpoint(tmp_path / "last.ckpt")["weights"], content["weights"])
