"""What all tests share: one thread of torch, and where real data is looked for."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from seqtrain.commands import main
from seqtrain.kernels.compiler import NotCompiled, compile_loops
from seqtrain.kernels.library import Loops, loops

ROOT = Path(__file__).parents[1]
Told = Callable[..., tuple[int, str]]

settings.register_profile("seqtrain", deadline=None)  # machines that others use as well are slow at times
settings.load_profile("seqtrain")


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing is kept in, or read from, the user's cache of features."""
    os.environ["SEQTRAIN_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Real data, under SEQTRAIN_DATA or beside the checkout in shared/data; tests that need it say so and skip."""
    for folder in (os.environ.get("SEQTRAIN_DATA"), ROOT.parent / "shared" / "data"):
        if folder is not None and Path(folder).is_dir():
            return Path(folder)
    pytest.skip("no real data: set SEQTRAIN_DATA to a folder that holds it")


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Told:
    """Runs a command in an empty folder, in process; returns its exit status and what it said, on both streams."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEQTRAIN_TRUST", "")

    def run(*words: str) -> tuple[int, str]:
        status = main(words)
        captured = capsys.readouterr()
        return status, captured.out + captured.err

    return run


@pytest.fixture(scope="session")
def compiled() -> Loops:
    """The compiled loops, which `make setup` has built; skips where there is no C compiler."""
    if loops() is None:
        try:
            compile_loops()
        except NotCompiled as reason:
            pytest.skip(str(reason))
        loops.cache_clear()
    found = loops()
    assert found is not None
    return found
