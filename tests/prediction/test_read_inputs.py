"""Inputs are read from files as the data set reads them to learn from."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from seqtrain.datasets.audio_folder import AudioFolder
from seqtrain.datasets.quickdraw import QuickDraw
from seqtrain.errors import WrongInput

SOUND = {"sample_rate": 8000, "n_fft": 256, "hop": 64, "mels": 20}


def sound(path: Path, *, rate: int = 8000, channels: int = 1, seconds: float = 0.2) -> None:
    path.parent.mkdir(exist_ok=True)
    wave = 0.5 * np.sin(np.arange(round(seconds * rate)) * 0.3)
    soundfile.write(path, np.stack([wave] * channels, axis=1), rate)


def drawing(key: str | None, points: int = 5) -> str:
    axis = [(7 * step) % 50 for step in range(points)]
    return json.dumps({"word": "cat", "drawing": [[axis, axis[::-1]]]} | ({"key_id": key} if key else {}))


def test_recordings_are_read_as_for_training(tmp_path: Path) -> None:
    sound(tmp_path / "a" / "one.wav")
    sound(tmp_path / "a" / "two.wav", rate=16000, channels=2, seconds=0.3)
    sound(tmp_path / "b" / "three.wav", seconds=0.1)
    sound(tmp_path / "b" / "four.flac", seconds=0.1)
    data = AudioFolder(folder=str(tmp_path), test_fraction=0.0, seconds=0.25, shorter="pad", **SOUND)
    train = data.load(0).train
    found = dict(data.read_inputs(tmp_path))
    assert set(found) == {str(tmp_path / name) for name in train.names}
    for index in range(len(train)):
        torch.testing.assert_close(
            found[str(tmp_path / train.name(index))], train.batch(torch.tensor([index])).inputs[0]
        )
    ((name, steps),) = data.read_inputs(tmp_path / "a" / "one.wav")
    assert name == str(tmp_path / "a" / "one.wav")
    torch.testing.assert_close(steps, found[name])


def test_a_bad_recording_is_its_own_item(tmp_path: Path) -> None:
    sound(tmp_path / "good.wav")
    sound(tmp_path / "cut.wav")
    (tmp_path / "cut.wav").write_bytes((tmp_path / "cut.wav").read_bytes()[:900])
    (tmp_path / "empty.wav").touch()
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
    (tmp_path / "text.wav").write_text("not audio")
    found = {Path(name).name: steps for name, steps in AudioFolder(folder="unused", **SOUND).read_inputs(tmp_path)}
    assert isinstance(found.pop("good.wav"), torch.Tensor)
    assert sorted(found) == ["cut.wav", "empty.wav", "gone.wav", "text.wav"]
    for name, error in found.items():
        assert isinstance(error, WrongInput)
        assert name in str(error)


def test_recordings_need_files(tmp_path: Path) -> None:
    data = AudioFolder(folder="unused", **SOUND)
    with pytest.raises(WrongInput, match="holds no file ending in"):
        next(data.read_inputs(tmp_path))
    with pytest.raises(WrongInput, match="there is no file or folder"):
        next(data.read_inputs(tmp_path / "nothing"))
    with pytest.raises(WrongInput, match="standard input"):
        next(data.read_inputs(io.StringIO()))


@pytest.mark.parametrize("simplify", ["rdp", "cut"])
def test_drawings_are_read_as_for_training(tmp_path: Path, simplify: str) -> None:
    for name in ("cat", "dog"):
        (tmp_path / f"{name}.ndjson").write_text("\n".join(drawing(f"{name}{n}", 5 + 20 * n) for n in range(4)))
    data = QuickDraw(folder=str(tmp_path), test_fraction=0.0, points=30, simplify=simplify)
    train = data.load(0).train
    found = list(data.read_inputs(tmp_path))
    assert [name for name, _ in found] == [f"{name}{n}" for name in ("cat", "dog") for n in range(4)]
    for index, (_, steps) in enumerate(found):
        torch.testing.assert_close(steps, train.batch(torch.tensor([index])).inputs[0])
    assert [name for name, _ in data.read_inputs(tmp_path / "dog.ndjson")] == [f"dog{n}" for n in range(4)]


def test_a_stream_of_drawings_with_broken_lines() -> None:
    text = "\n".join([drawing("first"), "", '{"drawing": [[[1, 2], [3', '{"drawing": []}', "\udcff", drawing(None)])
    found = list(QuickDraw(folder="unused").read_inputs(io.StringIO(text)))
    assert [name for name, _ in found] == ["first", *(f"standard input:{line}" for line in (3, 4, 5, 6))]
    kinds = [type(steps) for _, steps in found]
    assert kinds == [torch.Tensor, WrongInput, WrongInput, WrongInput, torch.Tensor]
    assert "standard input, line 3 is not JSON" in str(found[1][1])


def test_drawings_of_an_npz_file_are_read_as_for_training(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        steps = [np.array([[n, 2, n % 2] for n in range(3 + 20 * m)], dtype="int16") for m in range(3)]
        save_drawings(tmp_path / f"{name}.npz", train=steps, valid=steps[:1], test=steps[1:])
    data = QuickDraw(folder=str(tmp_path), points=30)
    sets = data.load(0)
    found = dict(data.read_inputs(tmp_path))
    assert len(found) == 12
    for part in (sets.train, sets.val, sets.test):
        assert part is not None
        for index in range(len(part)):
            torch.testing.assert_close(
                found.pop(f"{tmp_path}/{part.name(index)}"), part.batch(torch.tensor([index])).inputs[0]
            )
    assert not found


def save_drawings(path: Path, **parts: list[np.ndarray]) -> None:
    arrays = {}
    for part, steps in parts.items():
        arrays[part] = np.empty(len(steps), dtype=object)
        arrays[part][:] = steps
    np.savez(path, **arrays)


def test_a_bad_drawing_or_file_among_npz_files_is_its_own_item(tmp_path: Path) -> None:
    good = np.array([[1, 2, 0], [3, 4, 1]], dtype="float32")
    bad = [np.array([[np.nan, 0, 1]]), np.zeros((0, 3)), np.zeros((2, 2)), np.array([[0, 0, 7]])]
    save_drawings(tmp_path / "a.npz", train=[good, bad[0], bad[1], good], valid=[bad[2]], test=[bad[3]])
    save_drawings(tmp_path / "b.npz", train=[good], valid=[], test=[])
    whole = (tmp_path / "b.npz").read_bytes()
    (tmp_path / "b.npz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "c.ndjson").write_text(drawing("last") + "\n")
    found = dict(QuickDraw(folder="unused").read_inputs(tmp_path))
    names = [f"{tmp_path}/a.npz:{place}" for place in ("train[1]", "train[2]", "valid[0]", "test[0]")]
    wrong = {name: str(error) for name, error in found.items() if isinstance(error, WrongInput)}
    assert list(wrong) == [*names, str(tmp_path / "b.npz")]
    for name, reason in zip(wrong, ("a coordinate", r"(0, 3)", r"(2, 2)", "a pen of 7", "broken"), strict=True):
        assert reason in wrong[name]
        assert name.rpartition(":")[2] in wrong[name]
    assert [name for name in found if name not in wrong] == [
        f"{tmp_path}/a.npz:train[0]",
        f"{tmp_path}/a.npz:train[3]",
        "last",
    ]
    with pytest.raises(WrongInput, match=r"b\.npz is broken"):
        next(QuickDraw(folder="unused").read_inputs(tmp_path / "b.npz"))


def test_drawings_need_files(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match=r"holds no \.ndjson or \.npz files"):
        next(QuickDraw(folder="unused").read_inputs(tmp_path))
    with pytest.raises(WrongInput, match="cannot be read"):
        next(QuickDraw(folder="unused").read_inputs(tmp_path / "no.ndjson"))
