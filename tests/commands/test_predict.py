"""`seqtrain predict`: files, folders and streams in, one row for each good input out, each bad one named."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from composing import QUICK, SMALL, composed, trained
from conftest import Told
from omegaconf import DictConfig, OmegaConf

from seqtrain.assemble import assemble
from seqtrain.batch import Spec
from seqtrain.build import prepare
from seqtrain.export.shared import write_shared
from seqtrain.loading import Data, Loading
from seqtrain.sequences import Sequences, Statistics
from seqtrain.trained import load

CLASSES = ("cat", "big dog")


def share(folder: Path, config: DictConfig, features: int, *, longest: int = 200, step: bool = False) -> Path:
    """A folder to predict with, of initial weights: what is predicted matters to no test here."""
    predicts = "step_values" if step else "classes"
    steps = [torch.zeros(length, features) for length in (longest, 1)]
    train = Sequences.of(steps, [torch.zeros(len(each), 1) for each in steps] if step else torch.tensor([0, 1]))
    spec = Spec(features, 1, longest, predicts, 1, () if step else CLASSES, () if step else (1, 1))
    spec = Spec(**(vars(spec) | {"width": 1 if step else 2}))
    statistics = Statistics(torch.zeros(features), torch.ones(features))
    data = Data(train, train, train, spec, "curve", statistics, None, None, Loading())
    network = assemble(prepare(config.model, "model"), prepare(config.task, "task")(), data, seed=0)
    write_shared(network.eval(), spec, config, folder)
    return folder


@pytest.fixture(scope="session")
def drawing_run(tmp_path_factory: pytest.TempPathFactory) -> str:
    overrides = ["data=quickdraw", "data.folder=unused", "data.points=50", "model=gru", "model.hidden=8"]
    return str(share(tmp_path_factory.mktemp("drawings"), composed(*overrides), 3))


@pytest.fixture(scope="session")
def sound_run(tmp_path_factory: pytest.TempPathFactory) -> str:
    config = composed("data=audio_folder", "data.folder=unused", "model=sketchmate", "model.hidden=8")
    for key, value in {"sample_rate": 8000, "n_fft": 256, "hop": 64, "mels": 20}.items():
        OmegaConf.update(config, f"data.{key}", value)
    return str(share(tmp_path_factory.mktemp("sounds"), config, 20, longest=40))


@pytest.fixture(scope="session")
def step_run(tmp_path_factory: pytest.TempPathFactory) -> str:
    config = composed("data=sincos", "model=lstm", "model.hidden=8")
    return str(share(tmp_path_factory.mktemp("steps"), config, 1, step=True))


def drawing(key: str, points: int = 6) -> str:
    axis = [(7 * step) % 50 for step in range(points)]
    return json.dumps({"key_id": key, "drawing": [[axis, axis[::-1]]]}) + "\n"


def sound(path: Path, seconds: float = 0.2) -> None:
    soundfile.write(path, 0.5 * np.sin(np.arange(round(seconds * 8000)) * 0.3), 8000)


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def test_a_folder_of_recordings_with_bad_ones(told: Told, tmp_path: Path, sound_run: str) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.wav", "b.flac", "cut.wav"):
        sound(tmp_path / "in" / name)
    sound(tmp_path / "in" / "long.wav", seconds=0.5)  # 63 steps, where the flatten head reads 40
    (tmp_path / "in" / "cut.wav").write_bytes((tmp_path / "in" / "cut.wav").read_bytes()[:1000])
    (tmp_path / "in" / "empty.wav").touch()
    status, said = told("predict", sound_run, "in", "output=out.csv")
    assert status == 0, said
    assert [row["id"] for row in rows(tmp_path / "out.csv")] == ["in/a.wav", "in/b.flac"]
    assert list(rows(tmp_path / "out.csv")[0]) == ["id", "prediction", "probability_cat", "probability_big dog"]
    assert "skipped: in/cut.wav was cut short" in said
    assert "skipped: in/empty.wav is empty" in said
    assert "skipped: in/long.wav a sequence leaves the model with 53 steps" in said
    assert "2 items predicted, 3 skipped" in said


def test_a_file_of_drawings_with_a_broken_line(told: Told, tmp_path: Path, drawing_run: str) -> None:
    text = drawing("one") + '{"drawing": [[[1, 2], [3\n' + drawing("two", points=80)
    (tmp_path / "in.ndjson").write_text(text)
    status, said = told("predict", drawing_run, "in.ndjson", "output=out.jsonl")
    assert status == 0
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [each["id"] for each in found] == ["one", "two"]
    assert {each["prediction"] for each in found} <= set(CLASSES)
    assert "in.ndjson, line 2 is not JSON" in said
    assert "2 items predicted, 1 skipped" in said


def test_a_bad_input_is_fatal_where_that_is_asked_for(told: Told, tmp_path: Path, drawing_run: str) -> None:
    (tmp_path / "in.ndjson").write_text(drawing("one") + "broken\n")
    status, said = told("predict", drawing_run, "in.ndjson", "output=out.csv", "bad=fail")
    assert status == 2
    assert "in.ndjson, line 2 is not JSON" in said
    assert not (tmp_path / "out.csv").exists()


def test_an_empty_input_among_others_is_told(told: Told, tmp_path: Path, drawing_run: str) -> None:
    (tmp_path / "in.ndjson").write_text(drawing("one"))
    (tmp_path / "empty.ndjson").touch()
    status, said = told("predict", drawing_run, "empty.ndjson", "in.ndjson", "output=out.csv")
    assert status == 0
    assert "skipped: empty.ndjson holds nothing to predict from" in said
    assert "1 item predicted, 1 skipped" in said


def test_drawings_of_an_npz_file(told: Told, tmp_path: Path, drawing_run: str) -> None:
    steps = np.array([[[1, 2, 0], [3, 4, 1]]] * 3, dtype=np.int16)
    np.savez(tmp_path / "in.npz", train=steps, valid=steps[:1], test=steps[:0])
    status, said = told("predict", drawing_run, "in.npz", "output=out.csv")
    assert status == 0, said
    ids = [f"in.npz:{place}" for place in ("train[0]", "train[1]", "train[2]", "valid[0]")]
    assert [row["id"] for row in rows(tmp_path / "out.csv")] == ids


def test_parquet_and_a_folder(told: Told, tmp_path: Path, drawing_run: str) -> None:
    polars = pytest.importorskip("polars")
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        (tmp_path / "in" / f"{name}.ndjson").write_text("".join(drawing(f"{name}{n}") for n in range(70)))
    assert told("predict", drawing_run, "in", "output=out.parquet", "batch_size=32")[0] == 0
    assert polars.read_parquet("out.parquet")["id"].to_list() == [f"{name}{n}" for name in "ab" for n in range(70)]


def test_standard_input(told: Told, monkeypatch: pytest.MonkeyPatch, drawing_run: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(drawing("one") + drawing("two")))
    status, said = told("predict", drawing_run, "-")
    assert status == 0
    assert [line.split(",")[0] for line in said.splitlines()[:3]] == ["id", "one", "two"]


def test_a_run_predicts_what_python_predicts(told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained(tmp_path / "run", "data=sincos", "model=rnn", *SMALL["sincos"], *QUICK)
    monkeypatch.setattr(sys, "stdin", io.StringIO("0.1\n0.2\n0.3\n"))
    status, said = told("predict", "run", "-")
    assert status == 0
    values = load(tmp_path / "run").predict([[[0.1], [0.2], [0.3]]]).values
    found = [float(line.split(",")[1]) for line in said.splitlines()[1:4]]
    np.testing.assert_allclose(found, values[0][:, 0], rtol=1e-5)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "seqtrain predict says"),
        (["RUN"], "at least one INPUT"),
        (["RUN", "nothing.wav"], "there is no file or folder nothing.wav"),
        (["RUN", "in.csv"], "reads no inputs from files"),
        (["RUN", "-", "outptu=x.csv"], "did you mean output?"),
        (["RUN", "-", "bad=maybe"], "bad is maybe: must be one of skip, fail"),
        (["RUN", "-", "batch_size=0"], "batch_size is 0"),
        (["RUN", "in.csv", "output=x.xls"], "its ending must be one of"),
        (["RUN", "in.csv", "live=true"], "live=true reads steps from standard input"),
        (["RUN", "-", "live=true", "output=x.csv"], "steps are answered on standard output"),
        (["RUN", "-", "--fast"], "--fast is no flag"),
        (["nothing", "-"], "nothing is no run folder"),
    ],
)
def test_mistakes_are_told(told: Told, tmp_path: Path, step_run: str, words: Sequence[str], message: str) -> None:
    (tmp_path / "in.csv").write_text("1\n")
    status, said = told("predict", *(step_run if word == "RUN" else word for word in words))
    assert message in said
    assert status == (2 if words else 0)


def test_nothing_readable_is_an_error(told: Told, tmp_path: Path, drawing_run: str) -> None:
    (tmp_path / "in.ndjson").write_text("broken\n\n")
    status, said = told("predict", drawing_run, "in.ndjson")
    assert status == 2
    assert "0 items predicted, 1 skipped" in said


def start(*words: str) -> subprocess.Popen[str]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "bufsize": 1}
    return subprocess.Popen([sys.executable, "-m", "seqtrain", "predict", *words], **pipes)


def test_an_endless_stream_is_answered_line_by_line(step_run: str) -> None:
    with start(step_run, "-") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        answers = []
        for value in (0.1, 0.2, 0.3):
            process.stdin.write(f"{value}\n")
            if not answers:
                assert process.stdout.readline() == "line,prediction\n"
            answers.append(process.stdout.readline())  # would wait for ever if answers came at the end
        process.stdin.close()
        assert process.wait() == 0
    assert [answer.split(",")[0] for answer in answers] == ["1", "2", "3"]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
def test_memory_does_not_grow_with_the_stream(drawing_run: str) -> None:
    """Of 20 MB of drawings: resident memory at the end is what it was after the first tenth."""
    lines = [drawing(f"key{n}", points=40).replace("{", '{"remark": "' + 5000 * "x" + '", ', 1) for n in range(640)]
    piece = "".join(lines)  # ten batches
    pieces = 20_000_000 // len(piece) + 1
    kept = []
    with start(drawing_run, "-") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for part in range(pieces):
            process.stdin.write(piece)
            for line in iter(process.stdout.readline, ""):
                if line.startswith("key639,"):
                    break
            if part in (pieces // 10, pieces - 1):
                kept.append(resident(process.pid))
        process.stdin.close()
        assert process.wait() == 0
    assert kept[1] - kept[0] < 8e6


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
