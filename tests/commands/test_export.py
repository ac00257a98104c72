"""`seqtrain export`: from a run to a file of ONNX, or a folder that predicts as the run does."""

import re
import shutil
from pathlib import Path

import pytest
from composing import QUICK, SMALL, trained
from conftest import Told

from seqtrain.trained import load


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("run")
    trained(folder, "data=sincos", "model=gru", *SMALL["sincos"], *QUICK)
    return str(folder)


def test_onnx(told: Told, tmp_path: Path, run: str) -> None:
    pytest.importorskip("onnxruntime")
    status, said = told("export", run, "output=new/model.onnx")
    assert status == 0
    assert "new/model.onnx: 0.0" in said
    assert "from the model in onnxruntime" in said
    assert sorted(tmp_path.rglob("*.*")) == [tmp_path / "new" / "model.onnx"]


def test_a_run_whose_data_is_gone_is_exported_and_told(told: Told, tmp_path: Path, run: str) -> None:
    pytest.importorskip("onnxruntime")
    shutil.copytree(run, tmp_path / "moved")
    config = tmp_path / "moved" / ".hydra" / "config.yaml"
    text = config.read_text()
    config.write_text(
        re.sub(r"(?m)^data:\n(  .*\n)+", "data:\n  _target_: seqtrain.datasets.ts.Ts\n  folder: gone\n", text)
    )
    status, said = told("export", "moved")
    assert status == 0
    assert "held against random sequences only, since the run's data cannot be read: folder is gone" in said


def test_a_folder_to_share(told: Told, tmp_path: Path, run: str) -> None:
    assert told("export", run, "format=safetensors", "output=shared") == (
        0,
        "shared: 0.05 MB of weights, read back and the same\n",
    )
    steps = [[[0.1], [0.2]]]
    assert (load(tmp_path / "shared").predict(steps).values[0] == load(run).predict(steps).values[0]).all()
    again = told("export", "shared", "format=safetensors", "output=again")
    assert again[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "seqtrain export writes"),
        (["RUN", "other"], "export takes one RUN, and 2 were given"),
        (["RUN", "format=onxx"], "format is onxx: must be one of onnx, safetensors"),
        (["RUN", "output=model.pt"], "an ONNX file ends in .onnx"),
        (["nothing"], "nothing is no run folder"),
    ],
)
def test_mistakes_are_told(told: Told, run: str, words: list[str], message: str) -> None:
    status, said = told("export", *(run if word == "RUN" else word for word in words))
    assert message in said
    assert status == (2 if words else 0)
