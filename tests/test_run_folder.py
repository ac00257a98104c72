"""A run's folder belongs to one process, and keeps its files whole."""

import subprocess
import sys
from pathlib import Path

import pytest

from seqtrain.errors import WrongInput
from seqtrain.run_folder import RunFolder

HOLD = """
import sys, time
from pathlib import Path
from seqtrain.run_folder import RunFolder
with RunFolder(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_refused_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(WrongInput, match="in use by another run"), RunFolder(tmp_path):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with RunFolder(tmp_path):
        pass


LOOK = """
import sys
from pathlib import Path
from seqtrain.run_folder import RunFolder
folder = RunFolder(Path(sys.argv[1]))
while True:
    folder.in_use()
"""


def test_one_that_looks_whether_it_is_free_keeps_nobody_out(tmp_path: Path) -> None:
    with RunFolder(tmp_path) as folder:
        assert not folder.in_use()  # by another process
    looking = subprocess.Popen([sys.executable, "-c", LOOK, tmp_path])
    try:
        for _ in range(300):
            with RunFolder(tmp_path):
                pass
    finally:
        looking.kill()
        looking.wait()


def test_leftovers_of_a_killed_save_are_swept(tmp_path: Path) -> None:
    leftover = tmp_path / "checkpoints" / "last.ckpt.tmp"
    leftover.parent.mkdir()
    leftover.write_bytes(b"half")
    with RunFolder(tmp_path):
        assert not leftover.exists()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WrongInput, match=r"cannot write to the run folder .*file"), RunFolder(tmp_path / "file"):
        pass


def test_results_and_config_read_back(tmp_path: Path) -> None:
    with RunFolder(tmp_path) as run:
        assert run.read_result() == {}
        run.write_result({"status": "running", "metrics": {"test/mse": 1e-5}})
        assert run.read_result()["metrics"] == {"test/mse": 1e-5}
        run.write_config("seed: 0\n", ["model=lstm", 'name="a b"'])
        assert run.overrides.read_text() == '- "model=lstm"\n- "name=\\"a b\\""\n'
