"""Features are made once, kept whole, and read back with the same bits and without a copy in memory."""

import logging
import multiprocessing
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtrain.datasets.audio_folder import AudioFolder
from seqtrain.datasets.quickdraw import QuickDraw
from seqtrain.errors import WrongInput
from seqtrain.sequences import Sequences
from seqtrain.store.ahead import ahead
from seqtrain.store.cache import kept, key_of
from seqtrain.store.chunks import Chunk, Store, gather
from seqtrain.store.files import Broken, open_store, write_whole
from seqtrain.texts import Texts


def chunks(lengths: list[int], names: list[str] | None = None) -> Iterator[Chunk]:
    """Random steps in chunks of three."""
    rng = np.random.default_rng(0)
    steps = [torch.from_numpy(rng.normal(size=(length, 2)).astype(np.float32)) for length in lengths]
    for start in range(0, len(steps), 3):
        part = range(start, min(start + 3, len(steps)))
        texts = {"name": [names[i] for i in part]} if names else {}
        yield Chunk([steps[i] for i in part], {"label": [i % 5 for i in part]}, texts, done=len(part))
    yield Chunk(facts={"classes": ["ä", "b"], "count": len(steps)})


def same(one: Store, other: Store) -> None:
    assert torch.equal(one.steps, other.steps)
    assert torch.equal(one.starts, other.starts)
    assert torch.equal(one.lengths, other.lengths)
    assert {name: tensor.tolist() for name, tensor in one.columns.items()} == {
        name: tensor.tolist() for name, tensor in other.columns.items()
    }
    assert one.texts == other.texts
    assert one.facts == other.facts


def private_bytes() -> int:
    """What this process holds that is in no file."""
    return int(re.findall(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())[0]) * 1024


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.text(max_size=5)), min_size=1, max_size=20))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[int, str]]) -> None:
    path = tmp_path_factory.mktemp("store") / "a.safetensors"
    lengths, names = [length for length, _ in drawn], [name for _, name in drawn]
    write_whole(path, chunks(lengths, names))
    same(open_store(path), gather(chunks(lengths, names)))
    assert list(open_store(path).texts["name"]) == names


def test_texts_are_a_sequence() -> None:
    texts = Texts.of(["a", "", "ßß", "d"])
    assert (texts[-1], texts[2], list(texts[1:3])) == ("d", "ßß", ["", "ßß"])
    some = texts.select(torch.tensor([3, 0])).select(torch.tensor([1]))
    assert some == ["a"]
    with pytest.raises(IndexError):
        texts[4]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_an_open_store_takes_no_memory_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "large.safetensors"
    steps = [torch.rand(1000, 3) for _ in range(100)]
    write_whole(path, (Chunk(steps, {"label": [0] * 100}) for _ in range(60)))
    assert path.stat().st_size > 70e6
    before, start = private_bytes(), time.perf_counter()
    store = open_store(path)
    part = store.sequences(torch.arange(6000), store.columns["label"], None)
    assert time.perf_counter() - start < 1
    total = sum(float(part.batch(some).inputs.sum()) for some in torch.split(torch.arange(6000), 100))
    assert total > 0
    assert private_bytes() - before < 20e6


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def other_shape(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"shape":[30,2]', b'"shape":[20,3]', 1))


def other_lengths(path: Path) -> None:
    content = bytearray(path.read_bytes())
    where = bytes(content).index(np.array([3] * 10, np.int64).tobytes())
    content[where] = 4
    path.write_bytes(content)


def text(path: Path) -> None:
    path.write_text("hello" * 1000)


@pytest.mark.parametrize("damage", [cut, longer, empty, other_shape, other_lengths, text])
def test_a_file_that_is_not_whole_is_made_anew(
    tmp_path: Path, damage: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    def store() -> Store:
        return kept(str(tmp_path), "a b/c", lambda: "key", lambda: chunks([3] * 10), total=10, unit="files")

    first = store()
    (path,) = tmp_path.glob("*.safetensors")
    assert path.name == "a_b_c-key.safetensors"
    damage(path)
    with pytest.raises(Broken):
        open_store(path)
    with caplog.at_level(logging.INFO, logger="seqtrain"):
        same(store(), gather(chunks([3] * 10)))
    assert "is damaged" in caplog.text
    del first


def test_nothing_is_left_of_a_store_whose_making_failed(tmp_path: Path) -> None:
    def failing() -> Iterator[Chunk]:
        yield from chunks([3] * 10)
        raise WrongInput("the last file is bad")

    with pytest.raises(WrongInput, match="the last file is bad"):
        kept(str(tmp_path), "a", lambda: "key", failing, total=10, unit="files")
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


def test_a_cache_that_cannot_be_written_to_is_done_without(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    store = kept(str(tmp_path / "file" / "sub"), "a", lambda: "key", lambda: chunks([3]), total=1, unit="files")
    assert len(store) == 1
    assert "cannot be written" in caplog.text


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    def full() -> Iterator[Chunk]:
        yield from chunks([3])
        raise OSError(28, "No space left on device")

    with pytest.raises(WrongInput, match=r"No space left on device.*data\.cache=null"):
        kept(str(tmp_path), "a", lambda: "key", full, total=1, unit="files")


def _make(folder: Path, number: int) -> None:
    def slow() -> Iterator[Chunk]:
        (folder / f"made-by-{number}").touch()
        time.sleep(0.3)
        yield from chunks([3] * 10)

    assert len(kept(str(folder), "a", lambda: "key", slow, total=10, unit="files")) == 10


def test_of_two_processes_one_makes_it_and_the_other_waits(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_make, args=(tmp_path, number)) for number in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len(list(tmp_path.glob("made-by-*"))) == 1


def test_the_key_follows_settings_names_and_content(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text("one")
    keys = [key_of({"hop": 64}, tmp_path, "ab")]
    assert key_of({"hop": 64}, tmp_path, "ab") == keys[0]
    keys += [key_of({"hop": 65}, tmp_path, "ab"), key_of({"hop": 64}, tmp_path, "a")]
    stat = (tmp_path / "a").stat()
    time.sleep(0.01)
    (tmp_path / "a").write_text("two")
    os.utime(tmp_path / "a", ns=(stat.st_atime_ns, stat.st_mtime_ns))  # as unpacking an archive does
    keys.append(key_of({"hop": 64}, tmp_path, "ab"))
    assert len(set(keys)) == 4


def test_work_ahead_keeps_its_order_and_its_errors() -> None:
    def slow_then_fast(number: int) -> int:
        time.sleep(0.02 if number % 4 == 0 else 0)
        if number == 30:
            raise WrongInput("thirty")
        return number

    assert list(ahead(slow_then_fast, range(20))) == list(range(20))
    with pytest.raises(WrongInput, match="thirty"):
        list(ahead(slow_then_fast, range(40)))


def test_each_process_ahead_computes_on_one_thread() -> None:
    assert set(ahead(lambda _: torch.get_num_threads(), range(8))) == {1}


def every(part: Sequences) -> list[object]:
    batch = part.batch(torch.arange(len(part)))
    return [batch.inputs.tolist(), batch.lengths.tolist(), batch.targets.tolist(), list(part.names or ())]


def test_recordings_come_from_the_cache_with_the_same_bits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for number in range(70):
            samples = rng.uniform(-0.5, 0.5, int(rng.integers(500, 3000)))
            soundfile.write(tmp_path / "data" / label / f"{number}.wav", samples, 8000)
    (tmp_path / "data" / "cat" / "bad.wav").write_text("no sound")

    def load(cache: Path | None, **settings: str) -> list[object]:
        data = AudioFolder(
            folder=str(tmp_path / "data"),
            sample_rate=8000,
            hop=64,
            mels=64,
            damaged="skip",
            cache=str(cache) if cache is not None else None,
            **settings,  # type: ignore[arg-type]
        )
        sets = data.load(0)
        return [every(sets.train), sets.classes]

    plain = load(None)
    made = load(tmp_path / "cache")
    (file,) = (tmp_path / "cache").glob("*.safetensors")
    written = file.stat().st_mtime_ns
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="seqtrain"):
        opened = load(tmp_path / "cache")
    assert plain == made == opened
    assert "140 sequences were read before" in caplog.text
    assert "skipped 1 damaged files" in caplog.text
    assert load(tmp_path / "cache", val=r"/1\d\.wav$") != opened  # another split of the same features
    assert file.stat().st_mtime_ns == written


def test_drawings_come_from_the_cache_with_the_same_bits(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "data").mkdir()
    for name in ("a", "b"):
        lines = []
        for number in range(40):
            xs, ys = rng.integers(0, 255, (2, int(rng.integers(2, 60)))).tolist()
            lines.append(f'{{"word": "{name}{number % 2}", "key_id": "{number}", "drawing": [[{xs}, {ys}]]}}\n')
        (tmp_path / "data" / f"{name}.ndjson").write_text("".join(lines))

    for label, wanted in (("file", None), ("word", ["b1", "a0", "b0"])):
        loaded = []
        for cache in (None, str(tmp_path / "cache"), str(tmp_path / "cache")):
            sets = QuickDraw(folder=str(tmp_path / "data"), label=label, classes=wanted, points=30, cache=cache).load(0)
            loaded.append([every(sets.train), sets.classes])
        assert loaded[0] == loaded[1] == loaded[2]
    assert len(list((tmp_path / "cache").glob("*.safetensors"))) == 2
