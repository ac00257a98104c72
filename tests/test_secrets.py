"""What a config takes from the environment is in no file that a run writes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from formats import FORMATS

from seqtrain.redaction import Redaction

ROOT = Path(__file__).parents[1]
SECRET = "hunter2-swordfish"
WORDS = [
    "data=table",
    "data.train=train.csv",
    "data.target=label",
    "data.root=${oc.env:SEQTRAIN_TEST_ROOT}",
    "+password=${oc.env:SEQTRAIN_TEST_SECRET}",
    "+callbacks.mine={_target_: mine_for_secrets.Notifies, password: '${password}'}",
    "--trust=mine_for_secrets",
    "model=linear",
    "trainer.max_epochs=1",
    "trainer.progress=false",
    "data.duplicates=warn",
    "hydra.run.dir=run",
]


NOTIFIES = """
from pytorch_lightning import Callback


class Notifies(Callback):
    def __init__(self, *, password: str) -> None:
        assert password.endswith("!")
"""


def run(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "mine_for_secrets.py").write_text(NOTIFIES)
    environment = os.environ | {
        "SEQTRAIN_TEST_ROOT": str(tmp_path / SECRET),
        "SEQTRAIN_TEST_SECRET": SECRET + "!",
    }
    return subprocess.run(
        [sys.executable, str(ROOT / "train.py"), *words],
        cwd=tmp_path, env=environment, capture_output=True, text=True,
    )  # fmt: skip


def files_with(text: str, folder: Path) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_a_completed_run_holds_no_secret(tmp_path: Path) -> None:
    FORMATS["csv wide"].write(tmp_path / SECRET)
    done = run(tmp_path, *WORDS)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "run"
    assert (folder / "result.json").is_file()
    assert list(folder.glob("tensorboard/*"))
    assert list(folder.glob("checkpoints/*"))
    assert files_with(SECRET, folder) == []
    assert "SEQTRAIN_TEST_SECRET" in (folder / ".hydra" / "config.yaml").read_text()


def test_a_failed_run_holds_no_secret_though_its_message_does(tmp_path: Path) -> None:
    done = run(tmp_path, *WORDS)
    assert done.returncode == 2
    assert SECRET in done.stderr  # on the terminal of whoever knows it
    folder = tmp_path / "run"
    for name in ("train.log", "result.json"):
        assert "${oc.env:SEQTRAIN_TEST_ROOT}" in (folder / name).read_text()
    assert files_with(SECRET, folder) == []


def test_what_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"A": "/home/someone", "B": "/home/someone/data", "C": "1", "D": "unnamed-secret"}.items():
        monkeypatch.setenv(name, value)
    hide = Redaction("a: ${oc.env:A}\nb: '${ oc.env: B ,data}'\nc: ${oc.env:C}\ne: ${oc.env:NOT_SET,x}\n")
    assert hide("1 file in /home/someone/data") == "1 file in ${oc.env:B}"
    assert hide("/home/someone unnamed-secret") == "${oc.env:A} unnamed-secret"
