"""What only the data or the machine can tell is told in words too: status 2, at most five lines, and soon.

Beside the typing errors of test_mistakes.py and the bad files of tests/datasets/test_bad_files.py.
"""

import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch
from composing import QUICK, SMALL, trained
from formats import TS, WIDE, drawing, ndjson, npz, sketches, sound, table

ROOT = Path(__file__).parents[2]
SECONDS = 2.0  # of CPU, from the beginning of a command to its message; imports are made before


@dataclass(frozen=True)
class Wrong:
    """Files, what is typed, and what the message names: the place, the value and the remedy."""

    typed: str
    said: list[str]
    files: dict[str, bytes] = field(default_factory=dict)


def _recordings(**changed: bytes) -> dict[str, bytes]:
    good = {
        f"{label}/{n}.wav": sound("wav", pitch=pitch + 50 * n)
        for label, pitch in (("low", 200), ("high", 900))
        for n in range(4)
    }
    return good | {name.replace("__", "/").replace("_wav", ".wav"): content for name, content in changed.items()}


def _drawings(cat: bytes) -> dict[str, bytes]:
    return {"cat.ndjson": cat, "dog.ndjson": ndjson(*map(drawing, range(8)))}


def _series(before: str, after: str) -> dict[str, bytes]:
    assert before in TS
    return {"Own_TRAIN.ts": TS.replace(before, after, 1).encode(), "Own_TEST.ts": TS.encode()}


_TABLE = "data=table data.train=train.csv data.target=label"
_WIDE = table(WIDE, "csv")
_AUDIO = "data=audio_folder data.folder=. data.sample_rate=8000 data.n_fft=256 data.hop=64 data.mels=20"
_DRAWN = "data=quickdraw data.folder=."
_SERIES = "data=ts data.folder=."
_LINES = ndjson(*map(drawing, range(8)))
_SOUND = sound("wav", pitch=300)
_STEREO = sound("wav", np.zeros((800, 2)))
_OBJECTS = npz(train=[{"a": 1}], valid=sketches(10), test=sketches(20))
_ARCHIVE = npz(train=sketches(0), valid=sketches(10), test=sketches(20))
_LINE = _LINES[: _LINES.index(b"\n") + 1]
_DOGS = {"dog.npz": _ARCHIVE}
_NAN = table([*WIDE[:3], ["a", 1, "nan", 2], *WIDE[4:]], "csv")

WRONG: dict[str, Wrong] = {
    # data and model
    "a kernel longer than every sequence": Wrong(
        "model=conv1d model.kernel_size=999 model.padding=valid data=mel data.train_size=30 data.test_size=10",
        ["kernel_size", "999", "129"],
    ),
    "layers that leave no step": Wrong(
        "model=conv1d model.kernel_size=60 model.channels=[4,4,4] model.padding=valid model.stride=1 "
        "data=mel data.train_size=30 data.test_size=10",
        ["kernel_size is 60", "178", "129"],
    ),
    "a model that shortens, to predict at every step": Wrong(
        "model=conv1d model.stride=2 model.padding=1 data=sincos", ["at every step", "stride"]
    ),
    "a task that the data does not have": Wrong(
        "data=mel data.train_size=30 data.test_size=10 task=regression", ["task is", "set task=classification"]
    ),
    "classes asked of values": Wrong("data=sincos task=classification", ["task is", "set task=step_regression"]),
    "draws by class without classes": Wrong("data=sincos data.balanced=true", ["balanced", "data.balanced=false"]),
    "more folds than sequences": Wrong(f"{_TABLE} data.folds=50 data.fold=0", ["folds"], {"train.csv": _WIDE}),
    "a fold that there is not": Wrong(f"{_TABLE} data.folds=3 data.fold=3", ["fold is 3"], {"train.csv": _WIDE}),
    # a metric, a machine
    "a metric of another task": Wrong("checkpoint.monitor=val/accuracy", ["checkpoint.monitor", "val/rmse"]),
    "a metric that is none": Wrong("data=mel checkpoint.monitor=val/acc checkpoint.mode=max", ["val/accuracy"]),
    "a metric of the training": Wrong("checkpoint.monitor=train/loss", ["checkpoint.monitor", "val/loss"]),
    "a GPU where there is none": Wrong("trainer=gpu", ["trainer.accelerator is gpu", "trainer=cpu"]),
    "a scaled error of data that has none": Wrong("checkpoint.monitor=val/scaled/mae", ["checkpoint.monitor"]),
    # files that are not there
    "no folder": Wrong("data=audio_folder data.folder=nowhere", ["nowhere"]),
    "no table": Wrong("data=table data.train=none.csv data.target=y", ["none.csv"]),
    "no series": Wrong(_SERIES, ["_TRAIN.ts"]),
    "an empty folder": Wrong(_AUDIO, ["holds no file ending in"]),
    "no drawings": Wrong(_DRAWN, ["ndjson"]),
    # tables
    "a table without rows": Wrong(_TABLE, ["train.csv has a header and no rows"], {"train.csv": b"label,t0,t1\n"}),
    "a table of 0 bytes": Wrong(_TABLE, ["train.csv is empty"], {"train.csv": b""}),
    "a test table without rows": Wrong(
        f"{_TABLE} data.test=test.csv", ["test.csv"], {"train.csv": _WIDE, "test.csv": b"label,t0,t1,t2\n"}
    ),
    "no value in a table": Wrong(_TABLE, ["line 4", "data.missing"], {"train.csv": _NAN}),
    "a class with one example": Wrong(
        f"{_TABLE} data.test_fraction=0.3",
        ["'once only' has one sequence"],
        {"train.csv": table([*WIDE[:-1], ["once only", 1, 2, 3]], "csv")},
    ),
    "ages as classes": Wrong(
        f"{_TABLE} data.test_fraction=0.3",
        ["'41' has one sequence", "data.predicts=values task=regression"],
        {"train.csv": table([WIDE[0], [41, 1, 2, 3], *([30, n, 2, 3] for n in range(4))], "csv")},
    ),
    "classes that are read, and values asked": Wrong(
        f"{_TABLE} task=regression", ["set task=classification", "data.predicts=values"], {"train.csv": _WIDE}
    ),
    "a column of names": Wrong(
        _TABLE,
        ["line 2, column 'who' is 'p1', no number", "data.features=[", "data.group"],
        {"train.csv": table([["who", *WIDE[0]], *(["p1", *row] for row in WIDE[1:])], "csv")},
    ),
    "one class": Wrong(_TABLE, ["class"], {"train.csv": table([WIDE[0], *WIDE[1::2]], "csv")}),
    "a column that is not there": Wrong(_TABLE.replace("label", "lable"), ["label"], {"train.csv": _WIDE}),
    "a table cut within a line": Wrong(_TABLE, ["train.csv"], {"train.csv": _WIDE[:-3]}),
    # series
    "a label out of range": Wrong(_SERIES, ["line", "label"], _series(":a\n", ":z\n")),
    "a series of no steps": Wrong(_SERIES, ["line 11"], _series("2,3,2.5:-2,2,1e-3", ":")),
    # drawings
    "drawings cut within a line": Wrong(_DRAWN, ["cat.ndjson, line 8"], _drawings(_LINES[:-9])),
    "drawings cut at a line's end": Wrong(_DRAWN, ["'cat' has one sequence"], _drawings(_LINE)),
    "a drawing without strokes": Wrong(_DRAWN, ["cat.ndjson, line 1"], _drawings(b'{"drawing": []}\n' + _LINES)),
    "a stroke without points": Wrong(_DRAWN, ["cat.ndjson, line 1"], _drawings(b'{"drawing": [[[], []]]}\n' + _LINES)),
    "an archive cut in the middle": Wrong(_DRAWN, ["cat.npz"], _DOGS | {"cat.npz": _ARCHIVE[: len(_ARCHIVE) // 2]}),
    "an archive cut at its end": Wrong(_DRAWN, ["cat.npz"], _DOGS | {"cat.npz": _ARCHIVE[:-1]}),
    "object arrays": Wrong(_DRAWN, ["cat.npz: train holds"], _DOGS | {"cat.npz": _OBJECTS}),
    "a drawing of no steps": Wrong(
        _DRAWN,
        ["cat.npz: train[1]", "(0, 3)"],
        _DOGS | {"cat.npz": npz(train=[*sketches(0)[:1], np.zeros((0, 3))], valid=sketches(10), test=sketches(20))},
    ),
    # recordings
    "a recording of 0 bytes": Wrong(_AUDIO, ["low/1.wav is empty (0 bytes)"], _recordings(low__1_wav=b"")),
    "a recording that is none": Wrong(_AUDIO, ["low/1.wav"], _recordings(low__1_wav=b"hello " * 99)),
    "a recording cut short": Wrong(_AUDIO, ["low/1.wav was cut short"], _recordings(low__1_wav=_SOUND[:-400])),
    "a recording without samples": Wrong(_AUDIO, ["low/1.wav"], _recordings(low__1_wav=sound("wav", []))),
    "two channels": Wrong(
        f"{_AUDIO} data.channels=refuse", ["low/1.wav has 2 channels"], _recordings(low__1_wav=_STEREO)
    ),
    "another rate": Wrong(
        f"{_AUDIO.replace('8000', '16000')} data.rate=refuse",
        ["high/0.wav", "8000", "data.rate=resample"],
        _recordings(),
    ),
    "one class of recordings": Wrong(
        _AUDIO, ["two labels are the least"], {f"low/{n}.wav": sound("wav", pitch=200 + n) for n in range(4)}
    ),
    "a class of one recording": Wrong(
        _AUDIO, ["'once' has one sequence, once/1.wav"], _recordings(once__1_wav=sound("wav", pitch=500))
    ),
}


def written(folder: Path, wrong: Wrong) -> list[str]:
    (folder / "data").mkdir()
    for name, content in wrong.files.items():
        (folder / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "data" / name).write_bytes(content)
    words = wrong.typed.split()
    rooted = any(word in ("data=table", "data=ts", "data=quickdraw", "data=audio_folder") for word in words)
    return [*words, *(["data.root=data"] if rooted else [])]


@pytest.fixture
def nothing_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    from seqtrain.learner import Learner

    def step(*_: object) -> None:
        raise AssertionError("it trains")

    monkeypatch.setattr(Learner, "training_step", step)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("nothing_trained")
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_input_is_told(name: str, told, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    wrong = WRONG[name]
    words = written(tmp_path, wrong)
    started = time.process_time()
    status, text = told("train", *words, "trainer.progress=false", "logger=none")
    assert status == 2, text
    assert time.process_time() - started < SECONDS
    assert 1 <= len(text.splitlines()) <= 5
    assert "Traceback" not in text
    for each in wrong.said:
        assert each in text


EARLY = {
    "a metric of another task": ["checkpoint.monitor=val/accuracy"],
    "a metric that is none": ["data=mel", "checkpoint.monitor=val/acc", "checkpoint.mode=max"],
    "a GPU where there is none": ["trainer=gpu"],
    "a task that the data does not have": ["data=quickdraw", "data.folder=drawings", "task=regression"],
    "classes asked of values": ["data=sincos", "task=classification"],
}


@pytest.mark.parametrize("name", EARLY)
def test_what_is_known_before_the_data_is_told_before_it(name: str, told, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    def load(*_: object, **__: object) -> None:
        raise AssertionError("data is read")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr("seqtrain.training_run.load_data", load)
    status, text = told("train", *EARLY[name])
    assert status == 2
    assert len(text.splitlines()) == 1


def test_a_metric_is_told_for_every_trial_of_a_sweep_before_the_first(told, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    status, text = told("train", "-m", "data=mel,sincos", "checkpoint.monitor=val/accuracy")
    assert status == 2
    assert "val/rmse" in text
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good") / "run"
    trained(folder, *QUICK, *SMALL["sincos"], "model=linear")
    return folder


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("train resume=nowhere", ["nowhere is no run folder", "outputs/runs"]),
        ("train resume=RUN optimizer.lr=0.5", ["optimizer.lr=0.5 would change the result"]),
        ("train resume=RUN optimizer.lrr=0.5", ["optimizer.lrr"]),
        ("train hydra.run.dir=RUN", ["already holds a run", "resume="]),
        ("evaluate nowhere", ["nowhere is no folder: name runs or sweeps"]),
        ("evaluate RUN set=tset", ["set is tset", "test"]),
        ("evaluate RUN resamples=0", ["resamples is 0", "at least 1"]),
        ("evaluate RUN data=mel", ["features"]),
        ("evaluate RUN data.lenght=3", ["data.lenght", "did you mean length?"]),
        ("predict nowhere -", ["nowhere is no run folder"]),
        ("predict RUN", ["at least one INPUT"]),
        ("predict RUN none.csv", ["there is no file or folder none.csv"]),
        ("predict RUN - output=x.pickle", ["x.pickle", ".csv"]),
        ("predict RUN - batch_size=0", ["batch_size is 0", "at least 1"]),
        ("predict RUN - --trsut=x", ["--trsut", "--trust"]),
        ("export nowhere", ["nowhere is no run folder"]),
        ("export RUN format=pickle", ["format is pickle", "safetensors"]),
        ("export RUN output=model.pt", ["model.pt", ".onnx"]),
        ("compare nowhere", ["nowhere"]),
        ("compare RUN metric=val/acuracy", ["val/acuracy"]),
        ("inspect model=lsmt", ["did you mean lstm?"]),
        ("list modle", ["modle"]),
        ("list lstm", ["lstm is no group but an option: seqtrain list model=lstm"]),
        ("tune model=conv1d space=recurrent trials=1", ["model.hidden", "space=NAME", "conv1d, optimizer, recurrent"]),
    ],
)
def test_other_commands_tell_it_too(typed: str, said: list[str], run: Path, told) -> None:  # type: ignore[no-untyped-def]
    status, text = told(*(word.replace("RUN", str(run)) for word in typed.split()))
    assert status == 2, text
    assert 1 <= len(text.splitlines()) <= 5
    for each in said:
        assert each in text


def started(folder: Path, limit: int) -> subprocess.CompletedProcess[str]:
    """A training in a process that may write files of so many bytes only: as on a disk that is full."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    return subprocess.run(
        [sys.executable, str(ROOT / "train.py"), "data=mel", "trainer.progress=false", f"hydra.run.dir={folder}"],
        cwd=folder.parent, capture_output=True, text=True, preexec_fn=limited,
    )  # fmt: skip


def test_a_full_disk_is_told_before_training(tmp_path: Path) -> None:
    done = started(tmp_path / "run", 500_000)
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert f"cannot write to the run folder {tmp_path / 'run'}: File too large" in line
    assert "MB are free there" in line
    assert "hydra.run.dir=DIR" in line
    assert not list(tmp_path.glob("run/**/*.ckpt"))


@pytest.mark.parametrize("place", ["/proc/run", "/dev/null/run", "file/run"])
def test_a_folder_that_cannot_be_written_is_told_before_training(place: str, told, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "file").write_text("no folder")
    status, text = told("train", f"hydra.run.dir={place}")
    assert status == 2
    assert text.startswith(f"cannot write to {place}")
    assert len(text.splitlines()) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user, whom a folder's mode stops")
def test_a_folder_of_somebody_elses_is_told_before_training(tmp_path: Path) -> None:
    script = (
        "import os, sys\nfrom seqtrain.run_folder import RunFolder\nfrom seqtrain.errors import WrongInput\n"
        "from pathlib import Path\nos.chdir(sys.argv[1])\nos.seteuid(65534)\n"
        "try:\n    RunFolder(Path('run')).__enter__()\nexcept WrongInput as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("cannot write to the run folder run: Permission denied")
