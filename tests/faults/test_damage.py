"""A damaged checkpoint is refused by its SHA-256, the one before is used, and that is said."""

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from runs import EVERY_CHUNK, LSTM, differences, ends, start

from seqtrain.checkpoints import read_checkpoint
from seqtrain.errors import WrongInput
from seqtrain.run_folder import RunFolder

SAID = "is damaged: its SHA-256 is not the one it was written with: going on from previous.ckpt, the one before"


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was killed, with two checkpoints."""
    folder = tmp_path_factory.mktemp("cut")
    process = start(folder, *LSTM, EVERY_CHUNK, stop_at="after step @12 #1")
    assert process.wait() is None, process.told()
    process.end()
    return folder


def damaged(whole: bytes, flips: int) -> Iterator[tuple[str, bytes]]:
    for number in range(flips):
        place = number * (len(whole) - 1) // (flips - 1)  # from the first byte to the last
        flipped = bytearray(whole)
        flipped[place] ^= 1 << number % 8
        yield f"bit {number % 8} of byte {place}", bytes(flipped)
    for size in range(0, len(whole), 1024):
        yield f"cut to {size}", whole[:size]


def hold_damage(cut: Path, folder: Path, caplog: pytest.LogCaptureFixture, flips: int) -> None:
    run = RunFolder(cut / "run")
    before = read_checkpoint(run.previous)["seqtrain"]["step"]
    assert read_checkpoint(run.last)["seqtrain"]["step"] > before
    count = 0
    (folder / "checkpoints").mkdir()
    hurt = RunFolder(folder)
    for what, content in damaged(run.last.read_bytes(), flips):
        os.link(run.previous, folder / "link")
        os.replace(folder / "link", hurt.previous)
        hurt.last.write_bytes(content)
        with pytest.raises(WrongInput, match="its SHA-256 is not"):
            read_checkpoint(hurt.last)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            used = hurt.resumable()
        assert used is not None, what
        assert read_checkpoint(used)["seqtrain"]["step"] == before, what
        assert caplog.text.count(SAID) == 1, what
        hurt.last.unlink()
        count += 1
    print(f"\n{count} of {count} damaged files refused ({flips} flips, {count - flips} cuts), the one before used")


def test_some_damages(cut: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    hold_damage(cut, tmp_path, caplog, flips=40)


@pytest.mark.faults
def test_every_damage(cut: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    hold_damage(cut, tmp_path, caplog, flips=500)


def test_a_run_goes_on_from_the_checkpoint_before(cut: Path, tmp_path: Path) -> None:
    start(tmp_path / "whole", *LSTM).done()
    shutil.copytree(cut, tmp_path / "hurt")
    run = RunFolder(tmp_path / "hurt" / "run")
    content = run.last.read_bytes()
    run.last.write_bytes(content[: len(content) // 2])
    process = start(tmp_path / "hurt", "resume=run")
    assert process.wait() == 0, process.told()
    assert f"last.ckpt {SAID}" in process.told()
    assert SAID in run.log.read_text()
    assert differences(ends(tmp_path / "whole" / "run"), ends(run.path)) == []


def test_where_both_are_damaged_that_is_said(cut: Path, tmp_path: Path) -> None:
    shutil.copytree(cut, tmp_path / "hurt")
    run = RunFolder(tmp_path / "hurt" / "run")
    for checkpoint in (run.last, run.previous):
        checkpoint.write_bytes(b"nothing of a checkpoint")
    process = start(tmp_path / "hurt", "resume=run")
    assert process.wait() == 2
    assert "so is every other one: start a new run" in process.told()
