"""Where the loops are compiled, and what happens where they are not."""

from pathlib import Path

import pytest
import torch

import seqtrain.models.recurrent
from seqtrain.errors import WrongInput
from seqtrain.kernels import compiler, library
from seqtrain.kernels.compiler import NotCompiled, compile_loops
from seqtrain.kernels.library import Loops
from seqtrain.models.recurrent import Recurrent


def test_without_a_compiler_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(NotCompiled, match="install gcc or clang"):
        compile_loops(tmp_path / "recurrent.so")
    monkeypatch.setenv("CC", "no-such-compiler -m64")
    with pytest.raises(NotCompiled, match="set CC"):
        compile_loops(tmp_path / "recurrent.so")
    assert not list(tmp_path.iterdir())


def test_a_compiler_that_fails_leaves_the_library_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "recurrent.so"
    there.write_text("before")
    monkeypatch.setenv("CC", "false")
    with pytest.raises(NotCompiled, match="false failed"):
        compile_loops(there)
    assert [path.name for path in tmp_path.iterdir()] == ["recurrent.so"]
    assert there.read_text() == "before"


def test_a_library_of_other_sources_is_refused(
    compiled: Loops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for source in compiler.FOLDER.glob("*.[ch]"):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    monkeypatch.setattr(compiler, "FOLDER", tmp_path)
    Loops(compiler.LIBRARY)
    (tmp_path / "recurrent.c").write_text((tmp_path / "recurrent.c").read_text() + "/* another version */\n")
    with pytest.raises(OSError, match="other sources"):
        Loops(compiler.LIBRARY)


@pytest.mark.parametrize("content", [b"", b"no library"])
def test_a_file_that_is_no_library_is_none(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "recurrent.so").write_bytes(content)
    monkeypatch.setattr(library, "LIBRARY", tmp_path / "recurrent.so")
    assert library.loops.__wrapped__() is None


def test_without_the_library_auto_is_torch_and_fused_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (library, seqtrain.models.recurrent):
        monkeypatch.setattr(place, "loops", lambda: None)
    with pytest.raises(WrongInput, match=r"python -m seqtrain\.kernels\.compiler"):
        Recurrent(3, cell="gru", hidden=4, kernel="fused")
    inputs, lengths = torch.randn(2, 5, 3), torch.tensor([5, 5])
    torch.manual_seed(0)
    auto = Recurrent(3, cell="gru", hidden=4)
    torch.manual_seed(0)
    torchs = Recurrent(3, cell="gru", hidden=4, kernel="torch")
    assert torch.equal(auto(inputs, lengths)[0], torchs(inputs, lengths)[0])
