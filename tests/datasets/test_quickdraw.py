import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
import torch

from seqtrain.datasets.quickdraw import QuickDraw
from seqtrain.errors import WrongInput
from seqtrain.loading import Loading
from seqtrain.loading.sides import divide
from seqtrain.sequences import Sequences

DRAWERS = [f"{number:02}" for number in range(1, 11)]


def line(word: str, key: str, points: int = 4, recognized: bool = True) -> str:
    xs = [(7 * step + len(key)) % 50 for step in range(points)]
    drawing = [[xs, list(range(points))], [[0, 9], [5, 5 + crc32(key.encode()) % 999]]]
    return json.dumps({"word": word, "key_id": key, "recognized": recognized, "drawing": drawing})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files of two words each, ten drawings a word, one drawer each; every fifth is not recognised."""
    for name, words in {"big cats": ["lion", "tiger"], "dogs": ["poodle", "husky"]}.items():
        lines = [line(word, f"{word}_{n}", recognized=int(n) % 5 > 0) for word in words for n in DRAWERS]
        (tmp_path / f"{name}.ndjson").write_text("\n".join(lines))
    return tmp_path


@pytest.fixture
def npz_folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name in ("sheep", "kanji"):
        parts = {}
        for part, count in (("train", 9), ("valid", 3), ("test", 4)):
            parts[part] = np.empty(count, dtype=object)
            for place in range(count):
                steps = rng.integers(-50, 50, size=(rng.integers(2, 300), 3)).astype("int16")
                steps[:, 2] = rng.random(len(steps)) < 0.1
                parts[part][place] = steps
        np.savez_compressed(tmp_path / f"{name}.npz", **parts)
    return tmp_path


def everything(part: Sequences) -> tuple[torch.Tensor, ...]:
    return torch.split(torch.arange(len(part)), 256)


def names(part: Sequences | None) -> tuple[str, ...]:
    assert part is not None
    assert part.names is not None
    return tuple(part.names)


def test_each_file_is_a_class(folder: Path) -> None:
    sets = QuickDraw(folder=str(folder)).load(0)
    assert sets.classes == ("big cats", "dogs")
    assert (sets.val, sets.test) == (None, None)
    assert torch.bincount(sets.train.targets).tolist() == [20, 20]
    assert "big cats.ndjson:1" in names(sets.train)
    assert (sets.predicts, sets.view, sets.train.features) == ("classes", "drawing", 3)
    assert sets.normalize is not None
    assert sets.normalize(sets.train).mean.tolist() == [0, 0, 0]


def test_each_word_is_a_class_where_asked(folder: Path) -> None:
    sets = QuickDraw(folder=str(folder), label="word", classes=["tiger", "husky"]).load(0)
    assert sets.classes == ("tiger", "husky")
    assert torch.bincount(sets.train.targets).tolist() == [10, 10]
    assert QuickDraw(folder=str(folder), label="word").load(0).classes == ("husky", "lion", "poodle", "tiger")


def test_the_seed_chooses_the_test_set(folder: Path) -> None:
    def test_set(seed: int, share: float = 0.2) -> Sequences | None:
        return divide(QuickDraw(folder=str(folder), test_fraction=share).load(seed), Loading(), seed=seed)[2]

    assert names(test_set(0)) == names(test_set(0))
    assert names(test_set(0)) != names(test_set(1))
    some = test_set(0)
    assert some is not None
    assert torch.bincount(some.targets).tolist() == [4, 4]
    assert test_set(0, 0.0) is None


def test_patterns_on_the_key_choose_validation_and_test(folder: Path) -> None:
    sets = QuickDraw(folder=str(folder), label="word", test="_(09|10)$", val="_08$").load(0)
    assert sets.val is not None
    assert sets.test is not None
    for part, count in ((sets.train, 7), (sets.val, 1), (sets.test, 2)):
        assert torch.bincount(part.targets).tolist() == [count] * 4
    assert "dogs.ndjson:10" in names(sets.test)


def test_no_group_is_on_two_sides(folder: Path) -> None:
    sets = QuickDraw(folder=str(folder), group="_(..)$", test_fraction=0.2).load(0)
    parts = divide(sets, Loading(val_fraction=0.25), seed=0)
    drawers = [{int(name.split(":")[1]) % 10 for name in names(part)} for part in parts]
    assert [len(some) for some in drawers] == [6, 2, 2]
    assert len(set.union(*drawers)) == 10


def test_a_few_drawings_of_each_class_are_read_where_asked(folder: Path) -> None:
    (folder / "dogs.ndjson").write_text("\n".join([line("dog", "1")] * 5 + ["a line that is not reached"]))
    sets = QuickDraw(folder=str(folder), per_class=5, test_fraction=0.0).load(0)
    assert torch.bincount(sets.train.targets).tolist() == [5, 5]


@pytest.mark.parametrize(("unrecognized", "count"), [("keep", 40), ("drop", 32)])
def test_unrecognised_drawings_are_counted_and_kept_or_dropped(
    folder: Path, caplog: pytest.LogCaptureFixture, unrecognized: Any, count: int
) -> None:
    with caplog.at_level(logging.INFO, "seqtrain"):
        sets = QuickDraw(folder=str(folder), unrecognized=unrecognized).load(0)
    assert len(sets.train) == count
    assert f"read {count} drawings of 2 classes" in caplog.text
    assert f"8 unrecognised {'kept' if count == 40 else 'dropped'}" in caplog.text


def test_npz_files_keep_the_split_they_come_in(npz_folder: Path) -> None:
    sets = QuickDraw(folder=npz_folder.name, root=str(npz_folder.parent)).load(0)
    assert sets.classes == ("kanji", "sheep")
    assert sets.val is not None
    assert sets.test is not None
    assert [len(part) for part in (sets.train, sets.val, sets.test)] == [18, 6, 8]
    assert names(sets.val)[0] == "kanji.npz:valid[0]"
    assert sets.train.longest <= 196
    few = QuickDraw(folder=str(npz_folder), per_class=2, classes=["sheep", "kanji"]).load(0)
    assert few.classes == ("sheep", "kanji")
    assert len(few.train) == 4


@pytest.mark.parametrize("simplify", ["rdp", "cut"])
def test_long_drawings_are_made_to_fit(folder: Path, simplify: Any) -> None:
    (folder / "long.ndjson").write_text("\n".join(line("long", "1", points=300) for _ in range(3)))
    sets = QuickDraw(folder=str(folder), points=100, simplify=simplify, test_fraction=0.0).load(0)
    assert sets.train.longest <= 100
    assert sets.train.shortest == 6


def test_drawings_of_two_points_are_read(tmp_path: Path) -> None:
    for name in ("dot", "dash"):
        (tmp_path / f"{name}.ndjson").write_text('{"drawing": [[[0, 5], [0, 5]]]}\n')
    sets = QuickDraw(folder=str(tmp_path)).load(0)
    assert sets.train.lengths.tolist() == [2, 2]


def broken(folder: Path) -> None:
    (folder / "dogs.ndjson").write_text(line("poodle", "1") + "\n" + line("poodle", "2")[:50])


def unrecognised(folder: Path) -> None:
    (folder / "dogs.ndjson").write_text(line("poodle", "1", recognized=False))


def keyless(folder: Path) -> None:
    (folder / "dogs.ndjson").write_text('{"drawing": [[[0], [0]]]}')


def both_kinds(folder: Path) -> None:
    np.savez(folder / "cow.npz", train=np.zeros((1, 2, 3)))


def nothing(folder: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("damage", "settings", "reason"),
    [
        (broken, {}, r"dogs\.ndjson, line 2 is not JSON"),
        (unrecognised, {"unrecognized": "drop"}, r"dogs\.ndjson has no recognised drawings"),
        (both_kinds, {}, "both .ndjson and .npz"),
        (keyless, {"test": "1"}, r"dogs\.ndjson:1 has no key_id"),
        (keyless, {"label": "word"}, r'dogs\.ndjson, line 1 has no text under "word"'),
        (nothing, {"classes": ["dog", "cats"]}, "classes names 'dog'.* did you mean dogs"),
        (nothing, {"classes": ["Big Cat", "dogs"]}, "did you mean big cats"),
        (nothing, {"classes": ["xyzzy", "dogs"]}, "among others, big cats, dogs"),
        (nothing, {"classes": ["lion", "puma"], "label": "word"}, "classes names 'puma'"),
        (nothing, {"classes": ["dogs"]}, "two are the least"),
        (nothing, {"test": "_99$"}, "test is '_99\\$', which matches no key_id, as 'lion_01'"),
        (nothing, {"test": "_1", "val": "_10"}, "both match the key_id 'lion_10'"),
        (nothing, {"test": "lion|tiger"}, "no drawing of 'big cats' is left to train on"),
        (nothing, {"group": "(lion)"}, "finds nothing in the key_id 'tiger_01'"),
    ],
)
def test_what_cannot_be_read_is_named(
    folder: Path, damage: Callable[[Path], None], settings: dict[str, Any], reason: str
) -> None:
    damage(folder)
    with pytest.raises(WrongInput, match=reason):
        QuickDraw(folder=str(folder), **settings).load(0)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"classes": []}, r"classes is \[\]"),
        ({"classes": ["a", "b", "a"]}, "classes names a more than once"),
        ({"test": "("}, r"test is '\('"),
        ({"val": "["}, "val is"),
        ({"group": "_.."}, "group is '_..' with 0 groups"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_at_once(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(WrongInput, match=reason):
        QuickDraw(folder="anywhere", **settings)


@pytest.mark.parametrize(("setting", "value"), [("label", "word"), ("test", "1"), ("group", "(1)")])
def test_settings_of_ndjson_are_refused_for_npz(npz_folder: Path, setting: str, value: Any) -> None:
    with pytest.raises(WrongInput, match=setting):
        QuickDraw(folder=str(npz_folder), **{setting: value}).load(0)


def test_a_missing_folder_is_named_with_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WrongInput, match=f"{tmp_path / 'data' / 'drawings'} is not there.*SEQTRAIN_DATA"):
        QuickDraw(folder="drawings").load(0)
    (tmp_path / "drawings").mkdir()
    with pytest.raises(WrongInput, match=r"holds no \.ndjson or \.npz files: put one file a class there"):
        QuickDraw(folder="drawings", root=".").load(0)
    (tmp_path / "drawings" / "cat.ndjson").touch()
    with pytest.raises(WrongInput, match="did you mean its folder drawings"):
        QuickDraw(folder=str(tmp_path)).load(0)
    with pytest.raises(WrongInput, match="is a file"):
        QuickDraw(folder="drawings/cat.ndjson", root=".").load(0)


def test_real_drawings_are_read_within_two_seconds(data_root: Path) -> None:
    started = time.process_time()
    simplified = QuickDraw(folder="sketch/quickdraw_simplified", root=str(data_root)).load(0)
    raw = QuickDraw(folder="sketch/quickdraw_raw", root=str(data_root)).load(0)
    assert time.process_time() - started < 2
    assert len(simplified.classes) == 172
    assert torch.bincount(simplified.train.targets).tolist() == [25] * 172
    assert (simplified.train.shortest, simplified.train.longest) == (2, 196)
    assert len(raw.classes) == 11
    assert raw.train.shortest >= 48
    assert raw.train.longest == 196


def test_omniglot_is_the_same_from_npz_and_ndjson(data_root: Path) -> None:
    started = time.process_time()
    npz = QuickDraw(folder="sketch/omniglot/npz_converted", root=str(data_root)).load(0)
    assert time.process_time() - started < 1
    ndjson = QuickDraw(
        folder="sketch/omniglot/ndjson_converted", root=str(data_root), test="_(17|18|19|20)$", val="_1[56]$"
    ).load(0)
    assert npz.classes == ndjson.classes
    for one, other in ((npz.train, ndjson.train), (npz.val, ndjson.val), (npz.test, ndjson.test)):
        assert one is not None
        assert other is not None
        assert torch.equal(one.lengths, other.lengths)
        assert all(torch.equal(*(part.batch(some).inputs for part in (one, other))) for some in everything(one))
        assert torch.equal(one.targets, other.targets)


def test_characters_of_omniglot_are_words(data_root: Path) -> None:
    data = QuickDraw(
        folder="sketch/omniglot/ndjson_converted", root=str(data_root), label="word", test="_(17|18|19|20)$"
    )
    sets = data.load(0)
    assert len(sets.classes) == 136
    assert torch.bincount(sets.train.targets).tolist() == [16] * 136


def test_published_sketch_rnn_files_are_read(data_root: Path) -> None:
    sets = QuickDraw(folder="sketch/sketchrnn_npz", root=str(data_root)).load(0)
    assert sets.val is not None
    assert sets.test is not None
    assert [len(part) for part in (sets.train, sets.val, sets.test)] == [17_400, 900, 800]
    assert (sets.train.shortest, sets.train.longest) == (2, 196)
