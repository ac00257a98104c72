"""Commands are tested in an empty folder, in process."""

from collections.abc import Callable
from pathlib import Path

import pytest

from seqtrain.commands import main

Told = Callable[..., tuple[int, str]]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Told:
    """Runs a command and returns its exit status and what it said, on both streams."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEQTRAIN_TRUST", "")

    def run(*words: str) -> tuple[int, str]:
        status = main(words)
        captured = capsys.readouterr()
        return status, captured.out + captured.err

    return run
