"""A disk that takes no more: the checkpoint before still loads, the path and what is free are told, the run goes on."""

import re
import resource
from pathlib import Path

import pytest
from disks import fill, needs_root, read_only, small_disk
from runs import EVERY_CHUNK, LSTM, Process, differences, ends, start

from seqtrain.checkpoints import read_checkpoint
from seqtrain.run_folder import RunFolder

WORDS = [*LSTM, EVERY_CHUNK]
FREE = r"[\d,]+\.\d MB are free"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], list[str]]:
    """How the run ends undisturbed, and the places it comes to."""
    folder = tmp_path_factory.mktemp("whole")
    start(folder, *WORDS, trace=folder / "places").done()
    return ends(folder / "run"), (folder / "places").read_text().splitlines()


def stopped(folder: Path, place: str, run: str = "run") -> Process:
    process = start(folder, *WORDS, stop_at=place, run=run)
    assert process.wait() is None, process.told()
    return process


def told_once(process: Process, what: str) -> None:
    """In one message, without a traceback."""
    assert len(re.findall(what, process.told())) == 1, process.told()
    assert "Traceback" not in process.told(), process.told()


def hold_the_rest(folder: Path, whole: dict[str, object], run: str = "run") -> None:
    process = start(folder, f"resume={run}")
    assert process.wait() == 0, process.told()
    assert differences(whole, ends(folder / run)) == []


def hold_full(folder: Path, place: str, whole: dict[str, object]) -> int | None:
    """Fill the disk while the run is at a place; its exit status."""
    folder.mkdir()
    with small_disk(folder / "disk", 2) as disk:  # what the run says on the terminal goes to another disk
        process = stopped(folder, place, "disk/run")
        run = RunFolder(disk / "run")
        before = read_checkpoint(run.last)["seqtrain"]["step"] if run.last.exists() else 0
        ballast = fill(disk)
        process.go_on()
        status = process.wait()
        if status != 0:  # else what was left to write had room
            assert status == 1, process.told()
            told_once(process, rf"could not (save|write) .*disk/run.*No space left on device \({FREE} there\)")
            if before:
                assert read_checkpoint(run.last)["seqtrain"]["step"] >= before
            assert not list(run.path.rglob("*.tmp"))
        ballast.unlink()
        if status != 0:
            hold_the_rest(folder, whole, "disk/run")
        assert differences(whole, ends(run.path)) == []
    return status


@needs_root
def test_a_full_disk(tmp_path: Path, whole: tuple[dict[str, object], list[str]]) -> None:
    assert hold_full(tmp_path / "step", "after step @7 #1", whole[0]) == 1
    assert hold_full(tmp_path / "file", "file open last.ckpt.tmp @10 #1", whole[0]) == 1


@needs_root
@pytest.mark.faults
def test_a_disk_that_fills_at_any_file(tmp_path: Path, whole: tuple[dict[str, object], list[str]]) -> None:
    places = [place for place in whole[1] if place.startswith("file") and "@0 " not in place]
    statuses = [hold_full(tmp_path / f"{n}", place, whole[0]) for n, place in enumerate(places)]
    print(f"\n{len(places)} places at which the disk was full from then on: {statuses.count(1)} runs stopped")
    assert statuses.count(1) > len(places) / 2


def test_a_file_size_limit(tmp_path: Path, whole: tuple[dict[str, object], list[str]]) -> None:
    process = stopped(tmp_path, "after step @7 #1")
    run = RunFolder(tmp_path / "run")
    limit = run.last.stat().st_size - 1000
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, limit))
    process.go_on()
    assert process.wait() == 1, process.told()
    told_once(process, rf"could not save \S*run/checkpoints/last\.ckpt: File too large \({FREE} there\)")
    assert read_checkpoint(run.last)["seqtrain"]["step"] == 5
    assert run.read_result()["status"] == "failed"
    assert "could not save" in run.read_result()["cause"]
    hold_the_rest(tmp_path, whole[0])


def test_a_folder_that_becomes_read_only(tmp_path: Path, whole: tuple[dict[str, object], list[str]]) -> None:
    process = stopped(tmp_path, "after step @7 #1")
    with read_only(tmp_path / "run" / "checkpoints"):
        process.go_on()
        assert process.wait() == 1, process.told()
        assert read_checkpoint(RunFolder(tmp_path / "run").last)["seqtrain"]["step"] == 5
    told_once(
        process, rf"could not save .*run/checkpoints/.*: (Read-only file system|Permission denied) \({FREE} there"
    )
    hold_the_rest(tmp_path, whole[0])


def test_a_folder_that_is_read_only_from_the_start(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with read_only(tmp_path / "run"):
        process = start(tmp_path, *WORDS)
        assert process.wait() == 2
    told_once(process, r"cannot write to .*run: (Read-only file system|Permission denied)")
