"""The examples of docs/extending.md work as they stand: its files are written, its commands run, its outputs met."""

import json
import re
import runpy
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from seqtrain.batch import Batch
from seqtrain.commands import main
from seqtrain.randomness import Draws

DOCUMENT = (Path(__file__).parents[1] / "docs" / "extending.md").read_text(encoding="utf-8")


class Block(NamedTuple):
    """A fenced block: the file that it is, where a line before it says so; its language; what is in it."""

    file: str
    language: str
    text: str


BLOCKS = [Block(*found) for found in re.findall(r"(?:`([\w./]+)`:\n\n)?```(\w+)\n(.*?)```", DOCUMENT, re.DOTALL)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The files of the document in an empty folder, in which commands are run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEQTRAIN_TRUST", "")
    monkeypatch.setattr(sys, "path", [*sys.path])  # --trust adds the folder
    for block in BLOCKS:
        if block.file:
            path = tmp_path / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    (tmp_path / "mypkg" / "__init__.py").touch()
    yield tmp_path
    for name in [name for name in sys.modules if name.split(".")[0] == "mypkg"]:
        del sys.modules[name]


def run(line: str) -> int:
    program, *words = shlex.split(line)
    if program == "python":
        runpy.run_path(words[0], run_name="__main__")
        return 0
    assert program == "seqtrain"
    return main(words)


def squeezed(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def test_every_command_of_the_document_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trainings = 0
    for block, following in zip(BLOCKS, [*BLOCKS[1:], Block("", "", "")], strict=True):
        if block.language != "sh":
            continue
        said, shown = [], squeezed(following.text) if following.language == "text" else []
        for line in block.text.splitlines():
            monkeypatch.setenv("SEQTRAIN_TRUST", "")  # --trust is for a process, and each command is one of its own
            status = run(line)
            captured = capsys.readouterr()
            said += squeezed(captured.out) + squeezed(captured.err)
            assert status in (0, 2), line
            if status == 2:
                mistake = [each for each in squeezed(captured.err) if not each.startswith("sequences: ")]
                assert mistake, line
                assert set(mistake) <= set(shown), line
            trainings += status == 0 and line.startswith("seqtrain train")
        assert set(shown) <= set(said)
    results = [json.loads(path.read_text()) for path in (folder / "outputs" / "runs").rglob("result.json")]
    completed = [each for each in results if each["status"] == "completed"]
    assert len(completed) == trainings > 3
    assert all("test/loss" in each["metrics"] for each in completed)


def test_an_installed_package_can_ask_for_trust(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (said,) = [tomllib.loads(block.text) for block in BLOCKS if block.language == "toml"]
    ((group, points),) = said["project"]["entry-points"].items()
    words = ["list", "model=attention", "--config-dir", "conf"]
    monkeypatch.syspath_prepend(folder)
    assert main(words) == 2
    installed = folder / "mypkg-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: mypkg\nVersion: 1.0\n")
    lines = [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (installed / "entry_points.txt").write_text("\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(folder)  # what is installed is looked up anew
    capsys.readouterr()
    assert main(words) == 0
    assert "model.heads" in capsys.readouterr().out


def test_the_example_of_an_augmentation_leaves_padding_alone() -> None:
    (code,) = [block.text for block in BLOCKS if block.language == "python" and not block.file]
    names: dict[str, object] = {}
    exec(code, names)
    lengths = torch.tensor([2, 4])
    inputs = torch.ones(2, 4, 3) * (torch.arange(4) < lengths[:, None])[:, :, None]
    noisy = names["noise"](Batch(inputs, lengths, lengths, None, lengths), Draws(0, 0, lengths))  # type: ignore[operator]
    assert (noisy.inputs == 0).sum() == 2 * 3
    assert not torch.equal(noisy.inputs, inputs)
