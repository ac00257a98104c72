import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from seqtrain.datasets.audio_folder import AudioFolder
from seqtrain.datasets.recordings import Resampler
from seqtrain.errors import WrongInput
from seqtrain.loading import Loading
from seqtrain.loading.sides import divide
from seqtrain.sequences import Sequences, Sets

SMALL = {"sample_rate": 8000, "n_fft": 256, "hop": 64, "mels": 20}


def write(path: Path, *, pitch: float = 440, seconds: float = 0.2, rate: int = 8000, channels: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = 0.5 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)
    soundfile.write(path, np.stack([wave] * channels, axis=1).astype(np.float32), rate)
    return path


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    """Ten recordings of each of two kinds, of 0.10 to 0.19 s, by five people."""
    for kind, pitch in (("cat", 400), ("dog", 1600)):
        for number in range(10):
            ending = ("wav", "flac", "ogg", "mp3")[number % 4]
            who = "abcde"[number % 5]
            write(tmp_path / kind / f"{who}{number}.{ending}", pitch=pitch, seconds=0.1 + number / 100)
    return tmp_path


def load(folder: Path, seed: int = 0, **settings: object) -> Sets:
    return AudioFolder(folder=str(folder), **(SMALL | settings)).load(seed)  # type: ignore[arg-type]


def augmentation(sets: Sets) -> object:
    assert sets.fit_augment is not None
    return sets.fit_augment(sets.train)


def names(part: Sequences | None) -> set[str]:
    assert part is not None
    assert part.names is not None
    return set(part.names)


def every(folder: Path, **settings: object) -> Sequences:
    return load(folder, test_fraction=0.0, **settings).train


def test_the_label_is_the_parent_folder(animals: Path) -> None:
    sets = load(animals)
    assert sets.classes == ("cat", "dog")
    assert (sets.val, sets.test) == (None, None)
    for index, target in enumerate(sets.train.targets.tolist()):
        assert sets.train.name(index).startswith(("cat/", "dog/")[target])


def test_a_recording_keeps_its_length(animals: Path) -> None:
    part = every(animals)
    assert part.features == 20
    for index, length in enumerate(part.lengths.tolist()):
        number = int(Path(part.name(index)).stem[1:])
        if not part.name(index).endswith("mp3"):
            assert length == 1 + (800 + 80 * number) // 64


def test_the_test_share_is_taken_from_each_class_and_the_seed_decides_which(animals: Path) -> None:
    def test_set(seed: int, share: float) -> Sequences | None:
        return divide(load(animals, test_fraction=share), Loading(), seed=seed)[2]

    some = test_set(0, 0.3)
    assert some is not None
    assert some.targets.bincount().tolist() == [3, 3]
    assert names(some) == names(test_set(0, 0.3))
    assert names(some) != names(test_set(1, 0.3))
    assert test_set(0, 0.0) is None


def test_a_group_is_on_one_side_of_the_split_only(animals: Path) -> None:
    sets = load(animals, group=r"/([a-z])\d+\.", test_fraction=0.2)
    sides = [
        {name.split("/")[1][0] for name in names(part)} for part in divide(sets, Loading(val_fraction=0.25), seed=0)
    ]
    assert [len(side) for side in sides] == [3, 1, 1]
    assert set().union(*sides) == set("abcde")
    sets = load(animals, group=r"/([a-z])\d+\.", test="5")
    with pytest.raises(WrongInput, match=r"the group 'a' is on two sides of the split \(cat/a0.wav: train, cat/a5"):
        divide(sets, Loading(), seed=0)


def test_patterns_tell_label_and_split(animals: Path) -> None:
    sets = load(animals, label=r"/([a-e])", val=r"[5-7]\.", test=r"[89]\.")
    assert sets.classes == tuple("abcde")
    assert names(sets.test) == {"cat/d8.wav", "cat/e9.flac", "dog/d8.wav", "dog/e9.flac"}
    assert len(names(sets.val)) == 6
    assert load(animals, label=r"(\d)\.", test_fraction=0.0).classes == tuple("0123456789")


def test_numbers_as_labels_are_in_the_order_of_numbers(tmp_path: Path) -> None:
    for label in ("10", "9", "2"):
        write(tmp_path / label / "a.wav")
    assert load(tmp_path, test_fraction=0.0).classes == ("2", "9", "10")


@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_a_table_tells_files_labels_and_split(animals: Path, mark: str) -> None:
    lines = ["File,Label,Split", "cat/a0.wav,low,train", "dog/a0.wav,high,Training"]
    lines += ["cat/b1.flac,low,validation", "dog/b1.flac,high,valid", "cat/c2.ogg,low,test"]
    (animals / "table.csv").write_text("\ufeff" + "\n".join(lines).replace(",", mark) + "\n")
    sets = load(animals, table="table.csv")
    assert sets.classes == ("high", "low")
    assert names(sets.train) == {"cat/a0.wav", "dog/a0.wav"}
    assert names(sets.val) == {"cat/b1.flac", "dog/b1.flac"}
    assert names(sets.test) == {"cat/c2.ogg"}
    assert sets.train.targets.tolist() == [1, 0]


def test_a_table_may_give_a_file_several_labels_or_none(animals: Path) -> None:
    lines = ["file,labels,split", "cat/a0.wav,loud; low,train", "dog/a0.wav,,train", "cat/c2.ogg,low,test"]
    (animals / "table.csv").write_text("\n".join(lines) + "\n")
    sets = load(animals, table="table.csv")
    assert (sets.predicts, sets.classes) == ("labels", ("loud", "low"))
    assert sets.train.targets.tolist() == [[1, 1], [0, 0]]
    assert sets.test is not None
    assert sets.test.targets.tolist() == [[0, 1]]
    (animals / "table.csv").write_text("\n".join([*lines, "cat/b1.flac,new,test"]) + "\n")
    with pytest.raises(
        WrongInput, match=r"cat/b1.flac \(test\) has the label 'new', which no file of the training set"
    ):
        load(animals, table="table.csv")
    (animals / "table.csv").write_text("file,labels\ncat/a0.wav,\n")
    with pytest.raises(WrongInput, match="no file has a label: fill in the column 'labels'"):
        load(animals, table="table.csv")
    (animals / "table.csv").write_text("file,labels,label\ncat/a0.wav,a,b\n")
    with pytest.raises(WrongInput, match="has the columns 'label' and 'labels'"):
        load(animals, table="table.csv")


def test_a_table_without_a_column_leaves_it_to_the_names(animals: Path) -> None:
    (animals / "table.csv").write_text("path\ncat/a0.wav\ndog/a0.wav\n")
    assert load(animals, table="table.csv", test_fraction=0.0).classes == ("cat", "dog")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,split\ncat/a0.wav,later\n", r"table.csv, line 2 says split 'later': allowed are train, training"),
        ("file,split\nno.wav,test\n", r"table.csv names no.wav, which is no audio file in .* \(1 such lines\)"),
        ("name,split\ncat/a0.wav,test\n", r"table.csv has the columns name, split: one must be called 'file'"),
        ("file\ncat/a0.wav\ncat/a0.wav\n", r"table.csv, line 3 names cat/a0.wav a second time"),
        ("file,label\ncat/a0.wav,\n", r"table.csv, line 2 gives cat/a0.wav no label"),
        ("file,label\n", r"table.csv has no lines below its header"),
        ("", r"table.csv is empty: its first line has to name the columns"),
        ("file,label\ncat/a0.wav", r"table.csv, line 2, the last one, has no line end"),
        ("file,label\ncat/a0.wav\n", r"table.csv, line 2 has 1 cells, but the header has 2"),
        ("file,split\ncat/a0.wav,train\ndog/a0.wav,test\n", r"dog/a0.wav \(test\) has the label 'dog', which no file"),
        ("file,split\ncat/a0.wav,test\n", r"all 1 files have the label 'cat'"),
    ],
)
def test_a_wrong_table_is_refused(animals: Path, text: str, message: str) -> None:
    (animals / "table.csv").write_text(text)
    with pytest.raises(WrongInput, match=message):
        load(animals, table="table.csv")


def test_a_table_and_a_pattern_cannot_both_say_the_split(animals: Path) -> None:
    (animals / "table.csv").write_text("file,split\ncat/a0.wav,train\n")
    with pytest.raises(WrongInput, match=r"set data\.val=null data\.test=null"):
        load(animals, table="table.csv", test="a")
    with pytest.raises(WrongInput, match=r"there is no table .*other\.csv: check data\.table"):
        load(animals, table="other.csv")
    (animals / "table.csv").write_bytes(b"file\n\xff\n")
    with pytest.raises(WrongInput, match=r"table\.csv, line 2 is no UTF-8 text"):
        load(animals, table="table.csv")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"label": "("}, r"^label is '\(', no regular expression"),
        ({"label": "a"}, r"^label is 'a' with 0 groups: put"),
        ({"label": "(x+)"}, r"data\.label='\(x\+\)' finds nothing in cat/a0.wav"),
        ({"test": "zzz"}, r"data\.test='zzz' matches none of 20 files"),
        ({"val": "a", "test": "a"}, r"data\.val and data\.test both match cat/a0.wav"),
        ({"shorter": "pad"}, r"^shorter is pad but seconds is null"),
        ({"n_fft": 16}, r"^n_fft is 16"),
    ],
)
def test_settings_that_cannot_work_are_refused(animals: Path, settings: dict[str, object], message: str) -> None:
    with pytest.raises(WrongInput, match=message):
        load(animals, **settings)


def test_hidden_files_are_ignored_and_others_counted(animals: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(animals / "cat" / ".hidden.wav")
    write(animals / ".git" / "cat.wav")
    (animals / "cat" / "notes.txt").write_text("meow")
    os.symlink(animals, animals / "dog" / "loop")
    with caplog.at_level(logging.INFO, logger="seqtrain"):
        assert len(every(animals)) == 20
    assert "left out 1 file that is no audio (1 .txt)" in caplog.text
    assert "read 20 recordings" in caplog.text
    assert "20 recordings with 2 labels" in caplog.text


def test_a_missing_folder_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match=rf"data\.folder=birds: there is no folder {tmp_path}/birds: put your"):
        AudioFolder(folder="birds", root=str(tmp_path)).load(0)
    (tmp_path / "birds").mkdir()
    with pytest.raises(WrongInput, match=r"birds holds no file ending in \.aif"):
        AudioFolder(folder="birds", root=str(tmp_path)).load(0)
    write(tmp_path / "birds" / "a.wav")
    with pytest.raises(WrongInput, match=r"a\.wav is in no folder that could be its label"):
        AudioFolder(folder="birds", root=str(tmp_path)).load(0)


def test_other_sample_rates_are_resampled_or_refused(tmp_path: Path) -> None:
    write(tmp_path / "a" / "high.wav", rate=44100, pitch=1000, seconds=0.5)
    write(tmp_path / "b" / "low.wav", rate=8000, pitch=1000, seconds=0.5)
    part = every(tmp_path)
    high, low = (part.batch(torch.tensor([index])).inputs[0] for index in range(2))
    assert high.shape == low.shape
    assert high[30].argmax() == low[30].argmax()
    with pytest.raises(WrongInput, match=r"high\.wav has 44100 samples a second, not 8000, and data\.rate=refuse"):
        load(tmp_path, rate="refuse")


@pytest.mark.parametrize("channels", [1, 8])
def test_a_header_that_announces_more_than_there_can_be_is_told(animals: Path, channels: int) -> None:
    path = write(animals / "cat" / "much.flac", channels=channels)
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F  # of the number of samples, 36 bits, the first ones
    content[22:26] = b"\xff" * 4
    path.write_bytes(content)
    with pytest.raises(WrongInput, match=r"much\.flac (announces more samples than fit|was cut short: 68719476735)"):
        load(animals)


@pytest.mark.parametrize("rate", [44101, 1, 2_000_000_011])
def test_a_rate_that_no_memory_is_enough_for_is_told(animals: Path, rate: int) -> None:
    write(animals / "cat" / "odd.wav", rate=8000)
    content = bytearray((animals / "cat" / "odd.wav").read_bytes())
    content[24:28] = rate.to_bytes(4, "little")
    (animals / "cat" / "odd.wav").write_bytes(content)
    with pytest.raises(WrongInput, match=rf"odd\.wav has {rate} samples a second, which cannot be brought to 8000"):
        load(animals)
    assert len(every(animals, damaged="skip")) == 20


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000])
def test_rates_that_are_in_use_can_be_resampled(rate: int) -> None:
    assert all(Resampler(wanted).fits(rate) for wanted in (8000, 16000, 22050, 44100, 48000))


def test_channels_are_averaged_or_refused(tmp_path: Path) -> None:
    write(tmp_path / "a" / "stereo.wav", channels=2)
    write(tmp_path / "b" / "mono.wav")
    part = every(tmp_path)
    stereo, mono = (part.batch(torch.tensor([index])).inputs for index in range(2))
    torch.testing.assert_close(stereo, mono)
    with pytest.raises(WrongInput, match=r"stereo\.wav has 2 channels and data\.channels=refuse"):
        load(tmp_path, channels="refuse")


def test_long_recordings_are_cut_centred_or_refused_and_short_ones_kept_or_padded(tmp_path: Path) -> None:
    for label in "ab":
        rising = np.arange(1600, dtype=np.float32) / 1600
        (tmp_path / label).mkdir()
        soundfile.write(tmp_path / label / "long.wav", rising * np.sin(np.arange(1600, dtype=np.float32)), 8000)
        write(tmp_path / label / "short.wav", seconds=0.05)
    assert sorted(every(tmp_path).lengths.tolist()) == [7, 7, 26, 26]
    cut, centre = every(tmp_path, seconds=0.1), every(tmp_path, seconds=0.1, longer="centre")
    assert cut.lengths.tolist() == centre.lengths.tolist() == [13, 7, 13, 7]
    assert (centre.steps[4:9].amax(1) > cut.steps[4:9].amax(1)).all()
    assert every(tmp_path, seconds=0.1, shorter="pad").lengths.tolist() == [13] * 4
    with pytest.raises(WrongInput, match=r"long\.wav lasts 0\.2 s, over data\.seconds=0\.1"):
        load(tmp_path, seconds=0.1, longer="refuse")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scramble(path: Path) -> None:
    middle = path.stat().st_size // 2
    content = bytearray(path.read_bytes())
    content[middle : middle + 400] = bytes(byte ^ 0x5A for byte in content[middle : middle + 400])
    path.write_bytes(content)


def no_number(path: Path) -> None:
    soundfile.write(path, np.array([0, np.nan, 0], dtype=np.float32), 8000, subtype="FLOAT")


DAMAGE: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "empty": ("wav", lambda path: path.write_bytes(b""), r"is empty \(0 bytes\)"),
    "text": ("wav", lambda path: path.write_text("hello " * 100), r"cannot be decoded \(Format not recognised\)"),
    "no samples": ("wav", lambda path: soundfile.write(path, np.zeros(0, np.float32), 8000), "holds no samples"),
    "nan": ("wav", no_number, r"holds \[nan\] at sample 1, which is no sound"),
    "cut wav": ("wav", cut, "was cut short: 48000 bytes announced, 23978 there"),
    "cut aiff": ("aiff", cut, "was cut short"),
    "cut flac": ("flac", cut, r"cannot be decoded"),
    "cut ogg": ("ogg", cut, "is cut short or damaged inside"),
    "cut mp3": ("mp3", cut, "was cut short: 24000 samples announced"),
    "scrambled flac": ("flac", scramble, "cannot be decoded"),
    "scrambled ogg": ("ogg", scramble, "is cut short or damaged inside"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_refused_by_name_or_skipped(
    animals: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    ending, damage, message = DAMAGE[kind]
    path = animals / "cat" / f"bad.{ending}"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 24000), 8000)
    assert len(every(animals)) == 21
    damage(path)
    with pytest.raises(WrongInput, match=rf"cat/bad\.{ending} {message}.*: mend or remove it.*data\.damaged=skip"):
        load(animals)
    assert len(every(animals, damaged="skip")) == 20
    assert f"skipped 1 damaged files; the first: {path}" in caplog.text


def test_a_damaged_file_is_told_by_seqtrain_alone(animals: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = animals / "cat" / "bad.mp3"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 24000), 8000)
    content = path.read_bytes()
    path.write_bytes(content[:2000] + bytes(3000) + content[4000:])  # the decoder has much to say of it
    with pytest.raises(WrongInput, match=r"bad\.mp3 cannot be decoded"):
        load(animals)
    os.write(2, b"what comes after is heard")
    assert capfd.readouterr().err == "what comes after is heard"


def test_a_folder_of_damaged_files_only_is_refused(tmp_path: Path) -> None:
    cut(write(tmp_path / "a" / "a.wav"))
    with pytest.raises(WrongInput, match="every file is damaged"):
        load(tmp_path, damaged="skip")


def test_a_wav_written_to_a_pipe_announces_no_length_and_is_read(tmp_path: Path) -> None:
    for label in "ab":
        path = write(tmp_path / label / "streamed.wav")
        content = bytearray(path.read_bytes())
        content[4:8] = content[40:44] = b"\xff" * 4
        path.write_bytes(content)
    assert every(tmp_path).lengths.tolist() == [26, 26]


def test_masks_are_made_of_the_training_mean(animals: Path) -> None:
    assert augmentation(load(animals)) is None
    sets = load(animals, time_masks=2, frequency_masks=1, shift=2)
    assert sets.normalize is not None
    mean = getattr(augmentation(sets), "mean", torch.empty(0))
    torch.testing.assert_close(mean, sets.normalize(sets.train).mean)


@pytest.fixture
def esc10() -> Path:
    data = Path(os.environ.get("SEQTRAIN_DATA", Path(__file__).parents[3] / "shared" / "data"))
    for folder in (data / "audio" / "esc10_part", data / "esc10_part"):
        if folder.is_dir():
            return folder
    pytest.skip(f"no real recordings: {data} has no esc10_part (set SEQTRAIN_DATA)")


def test_real_ogg_recordings_are_read_with_their_folds(esc10: Path) -> None:
    sets = load(esc10, table="split.csv", seconds=1.0, longer="centre")
    assert sets.classes == ("004 - Baby cry", "007 - Helicopter", "010 - Fire crackling")
    assert [len(names(part)) for part in (sets.train, sets.val, sets.test)] == [72, 24, 24]
    assert (sets.train.shortest, sets.train.longest) == (126, 126)
