"""Every bad file ends in one message that names file and place, by the functions that the commands use."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from faults import Bad, bad_files
from formats import FORMATS

from seqtrain.errors import WrongInput
from seqtrain.loading import Loading, load_data

ROOT = Path(__file__).parents[2]
CASES = [(name, bad) for name in FORMATS for bad in bad_files(name)]
IDS = [f"{name}-{bad.fault}" for name, bad in CASES]


def load(data_set: Any) -> Any:
    return load_data(data_set, Loading(val_fraction=0.25, duplicates="warn"), seed=0)


@pytest.mark.parametrize("name", FORMATS)
def test_the_good_files_are_read(name: str, tmp_path: Path) -> None:
    FORMATS[name].write(tmp_path)
    data = load(FORMATS[name].reads(tmp_path))
    assert data.train.steps.isfinite().all()


@pytest.mark.parametrize(("name", "bad"), CASES, ids=IDS)
def test_a_bad_file_is_told(name: str, bad: Bad, tmp_path: Path) -> None:
    FORMATS[name].write(tmp_path, bad.content, bad.file)
    with pytest.raises(WrongInput, match=bad.reason) as caught:
        load((bad.reads or FORMATS[name].reads)(tmp_path))
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "bad"),
    [case for case in CASES if case[1].steps],
    ids=[label for label, case in zip(IDS, CASES, strict=True) if case[1].steps],
)
def test_a_bad_file_to_predict_from_is_told(name: str, bad: Bad, tmp_path: Path) -> None:
    path = FORMATS[name].write(tmp_path, bad.content, bad.file)
    told = []
    try:
        items = (bad.reads or FORMATS[name].reads)(tmp_path).read_inputs(path)
        told += [str(steps) for _, steps in items if isinstance(steps, WrongInput)]
    except WrongInput as error:
        told.append(str(error))
    assert told
    assert re.search(bad.reason, told[0])


KINDS = {  # one of each kind of reader
    "csv wide": ("text", ["data=table", "data.train=train.csv", "data.target=label"]),
    "parquet wide": ("1e30", ["data=table", "data.train=train.parquet", "data.target=label"]),
    "ts": ("unequal channels", ["data=ts", "data.folder=."]),
    "ndjson": ("ragged", ["data=quickdraw", "data.folder=."]),
    "npz": ("nan", ["data=quickdraw", "data.folder=."]),
    "flac": ("text", ["data=audio_folder", "data.folder=."]),
}


@pytest.mark.parametrize("name", KINDS)
def test_the_command_says_one_line_and_exits_with_2(name: str, tmp_path: Path) -> None:
    fault, words = KINDS[name]
    (bad,) = [each for each in bad_files(name) if each.fault == fault]
    FORMATS[name].write(tmp_path / "data", bad.content, bad.file)
    command = [sys.executable, str(ROOT / "train.py"), "model=linear", *words, "data.root=data", "logger=none"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert re.search(bad.reason, line)
