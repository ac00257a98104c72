"""What was read is said on standard error, a line each, once; a warning can be told from a note."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from seqtrain.commands import main
from seqtrain.commands.notes import notes_shown

Streams = Callable[..., tuple[int, str, list[str]]]
QUIET = ["model=linear", "trainer=cpu", "trainer.max_epochs=1", "trainer.progress=false", "logger=none"]


@pytest.fixture
def streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Streams:
    """Runs a command; its exit status, standard output, and the lines of standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, list[str]]:
        status = main(words)
        captured = capsys.readouterr()
        return status, captured.out, captured.err.splitlines()

    return run


def written(path: Path, count: int = 30) -> Path:
    rows = [[n % 2, *(n + step for step in range(4 + n % 5))] for n in range(count)]
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    return path


def reading(path: Path) -> list[str]:
    return ["data=ts", f"data.folder={path.parent}", f"data.train={path.name}", *QUIET]


def noted(path: Path) -> list[str]:
    return [
        f"{path}: read 30 series of 4 to 8 steps, 1 feature",
        "sequences: 26 to train on, 4 to validate on",
    ]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_training_says_what_it_read(streams: Streams, tmp_path: Path, workers: int) -> None:
    path = written(tmp_path / "a_TRAIN.tsv")
    status, out, err = streams("train", *reading(path), f"data.workers={workers}", "hydra.run.dir=run")
    assert (status, err[:2]) == (0, noted(path))
    assert err[2].startswith("padding: ")
    assert len(err) == 3
    assert "read 30" not in out
    status, _, err = streams("evaluate", "run", "set=val")
    assert (status, err) == (0, noted(path))


def test_the_trials_of_a_sweep_say_the_same_once(streams: Streams, tmp_path: Path) -> None:
    path = written(tmp_path / "a_TRAIN.tsv")
    status, out, err = streams("train", "-m", *reading(path), "optimizer.lr=1e-2,1e-3")
    assert (status, out.count("run folder")) == (0, 2)
    assert err[:2] == noted(path)
    assert len(err) == 3


def test_a_warning_says_that_it_is_one(streams: Streams, tmp_path: Path) -> None:
    path = written(tmp_path / "a_TRAIN.tsv")
    written(tmp_path / "a_TEST.tsv", count=3)
    status, _, err = streams("train", *reading(path), "data.test=a_TEST.tsv", "data.duplicates=warn")
    assert status == 0
    warnings = [line for line in err if line.startswith("warning: ")]
    assert warnings
    assert warnings == [line for line in err if "hold the same" in line]


def test_a_note_is_shown_once_and_nothing_is_left_behind(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("seqtrain")
    handlers, level = [*log.handlers], log.level
    with notes_shown(), notes_shown():
        log.info("once")
        log.info("once")
    assert (log.handlers, log.level) == (handlers, level)
    assert capsys.readouterr().err == "once\n"
