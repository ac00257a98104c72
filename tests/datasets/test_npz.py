import io
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtrain.datasets import npz
from seqtrain.datasets.npz import read_npz
from seqtrain.errors import WrongInput

LENGTHS = st.lists(st.integers(1, 20), min_size=1, max_size=6)
DTYPES = ["int16", ">i2", "int8", "int64", "uint8", "float32", "float64", "float16"]


def drawings(lengths: list[int], dtype: str = "int16", seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    made = []
    for length in lengths:
        steps = rng.integers(0, 100, size=(length, 3))
        steps[:, 2] = rng.integers(0, 2, size=length)
        made.append(steps.astype(dtype))
    return made


def objects(items: list[Any]) -> np.ndarray:
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def write(folder: Path, **arrays: Any) -> Path:
    good = {part: objects(drawings([3, 5])) for part in ("train", "valid", "test")}
    file = folder / "cat.npz"
    np.savez_compressed(file, **{**good, **arrays})
    return file


def write_pickle(folder: Path, pickled: bytes, shape: tuple[int, ...] = (1,)) -> Path:
    """A file whose training drawings are the pickle."""
    file = write(folder)
    member = io.BytesIO()
    np.lib.format.write_array_header_1_0(member, {"descr": "|O", "fortran_order": False, "shape": shape})
    good = {name: zipfile.ZipFile(file).read(name) for name in ("valid.npy", "test.npy")}
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("train.npy", member.getvalue() + pickled)
        for name, content in good.items():
            archive.writestr(name, content)
    return file


@given(st.tuples(LENGTHS, LENGTHS, LENGTHS), st.sampled_from(DTYPES), st.integers(0, 99))
def test_drawings_read_are_drawings_written(
    tmp_path_factory: pytest.TempPathFactory, lengths: tuple[list[int], ...], dtype: str, seed: int
) -> None:
    parts = [drawings(some, dtype, seed) for some in lengths]
    file = write(
        tmp_path_factory.mktemp("npz"), train=objects(parts[0]), valid=objects(parts[1]), test=objects(parts[2])
    )
    for read, written in zip(read_npz(file), parts, strict=True):
        assert [steps.tolist() for steps in read] == [steps.tolist() for steps in written]
        assert all(steps.dtype == np.float32 for steps in read)


@pytest.mark.parametrize("protocol", range(5))
def test_every_protocol_that_numpy_saved_with_is_read(tmp_path: Path, protocol: int) -> None:
    made = drawings([4, 1, 200])
    file = write_pickle(tmp_path, pickle.dumps(objects(made), protocol), (3,))
    assert [steps.tolist() for steps in read_npz(file).train] == [steps.tolist() for steps in made]


def test_arrays_in_the_order_of_fortran_are_read(tmp_path: Path) -> None:
    made = [np.asfortranarray(steps) for steps in drawings([4, 6])]
    assert [s.tolist() for s in read_npz(write(tmp_path, train=objects(made))).train] == [s.tolist() for s in made]


def test_drawings_of_one_length_may_be_one_plain_array(tmp_path: Path) -> None:
    made = np.array(drawings([4, 4, 4]))
    read = read_npz(write(tmp_path, train=made, valid=objects([])))
    assert np.array_equal(read.train, made)
    assert read.valid == []


class Calls:
    """Pickles as a call of anything."""

    def __init__(self, function: Callable[..., Any], *given: Any) -> None:
        self.call = function, given

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


class Subclass(np.ndarray):
    pass


RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"
ATTACKS: dict[str, tuple[Any, str]] = {  # would leave the file "ran", or do what they must not; what is refused
    "os.system": (Calls(os.system, "touch ran"), f"{os.system.__module__}.system"),
    "eval": (Calls(eval, "open('ran', 'w')"), "builtins.eval"),
    "open": (Calls(open, "ran", "w"), "open"),
    "getattr": (Calls(getattr, 1, "real"), "builtins.getattr"),
    "numpy.load": (Calls(np.load, "ran"), "load"),
    "numpy.save": (Calls(np.save, "ran", 1), "save"),
    "numpy.fromfile": (Calls(np.fromfile, "/etc/hostname", "u1"), "fromfile"),
    "numpy.memmap": (Calls(np.memmap, "ran", "u1", "w+", 0, (1,)), "memmap"),
    "inside a drawing": (objects([objects([Calls(os.system, "touch ran")])]), "system"),
    "beside a drawing": (objects([np.zeros((1, 3)), Calls(os.system, "touch ran")]), "system"),
    "a subclass": (objects([np.zeros((2, 3)).view(Subclass)]), "Subclass"),
    "in place of a shape": (Calls(np.ndarray, Calls(os.system, "touch ran")), "system"),
    "a dtype's state": (objects([np.dtype([("a", "O")])]), "where an array of numbers belongs"),
    "a dotted name": (b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.", "ndarray.tofile"),
    "a name of Python 2": (b"c__builtin__\neval\n(S'1'\ntR.", "eval"),
    "an instance": (b"(S'touch ran'\nios\nsystem\n.", "os.system"),
    "an extension": (b"\x82\x01.", "broken"),
    "a persistent id": (b"Pthing\n.", "outside object"),
    "a huge array": (b"cnumpy\nndarray\n((L99999999999999L\nttR.", "ndarray"),
    "a method for numpy": (RECONSTRUCT + b"(dS'__code__'\nNsb.", "change numpy's reconstruct"),
    "a new function": (RECONSTRUCT + b")\x81.", "broken"),
    "a class for the array": (RECONSTRUCT + b"(cos\nsystem\n(I0\ntS'b'\ntR.", "os.system"),
    "an array that never got its state": (RECONSTRUCT + b"(tR.", "where an array of arrays belongs"),
    "a state that is none": (RECONSTRUCT + b"(tRI1\nb.", "broken"),
    "a deep tuple": (b"N" + b"\x85" * 200_000 + b".", "where an array of arrays belongs"),
    "nothing": (b"", "broken"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_pickle_that_is_no_array_of_arrays_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    content, refused = ATTACKS[name]
    file = write_pickle(tmp_path, content if isinstance(content, bytes) else pickle.dumps(content, 4))
    with pytest.raises(WrongInput, match=refused) as caught:
        read_npz(file)
    assert f"{file}: train" in str(caught.value)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("train", "reason"),
    [
        (objects([None]), "NoneType"),
        (objects([[1, 2, 3]]), "list"),
        (objects([np.array(["a", "b"])]), "type 'U1'"),
        (objects([np.array([None])]), "type 'O8'"),
        (objects([np.zeros(1, dtype=[("dx", "i2")])]), "type 'V2'"),
        (objects([np.zeros((2, 3), dtype="c8")]), "type 'c8'"),
        (objects([np.zeros((3, 3)), np.zeros((4, 2))]), r"train\[1\] has shape \(4, 2\)"),
        (objects([np.zeros((0, 3))]), r"train\[0\] has shape \(0, 3\)"),
        (objects([np.zeros(3)]), "shape"),
        (np.array([[[1, 2, 0]]], dtype=object), r"object array of shape \(1, 1, 3\)"),
        (np.zeros((4, 3)), "shape"),
        (np.array(["a"]), "<U1"),
        (objects([np.zeros((3, 3)), np.array([[0, np.nan, 0]])]), r"train\[1\] has a coordinate"),
        (objects([np.array([[np.inf, 0, 0]])]), "infinite"),
        (objects([np.array([[1e30, 0, 0]])]), "beyond"),
        (objects([np.array([[1, 0, 0]]), np.array([[1, 0, 2]])]), r"train\[1\] has a pen of 2"),
        (objects([np.array([[1, 0, np.nan]])]), "pen of nan"),
        (objects([np.array([[1.0, 0, 0, 1, 0]])]), r"shape \(1, 5\)"),
    ],
)
def test_what_is_no_drawing_is_named(tmp_path: Path, train: np.ndarray, reason: str) -> None:
    file = write(tmp_path, train=train)
    with pytest.raises(WrongInput, match=reason) as caught:
        read_npz(file)
    assert f"{file}: train" in str(caught.value)


def test_a_file_without_the_three_arrays_says_what_it_has(tmp_path: Path) -> None:
    file = tmp_path / "cat.npz"
    np.savez(file, train=np.zeros((1, 2, 3)), other=np.zeros(2))
    with pytest.raises(WrongInput, match=r"no array valid and no test \(it has train\.npy, other\.npy\)"):
        read_npz(file)


def test_a_file_that_unpacks_to_far_more_than_its_size_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, train=np.zeros((1, 1_000_000, 3)))
    with pytest.raises(WrongInput, match=r"would unpack from [\d,]+ to 24,00"):
        read_npz(file)
    monkeypatch.setattr(npz, "MOST_BYTES", 1000)
    with pytest.raises(WrongInput, match="at most 1,000 bytes"):
        read_npz(write(tmp_path))


def test_one_drawing_named_a_thousand_times_is_refused(tmp_path: Path) -> None:
    many = objects(drawings([1000]) * 1000)
    file = write(tmp_path, train=many)
    with pytest.raises(WrongInput, match="has more drawings than it has bytes for"):
        read_npz(file)


def test_a_damaged_file_is_refused_wherever_it_is_damaged(tmp_path: Path) -> None:
    file = write(tmp_path)
    whole = file.read_bytes()
    good = [[steps.tolist() for steps in part] for part in read_npz(file)]
    for place in range(0, len(whole), 7):
        file.write_bytes(whole[:place])
        with pytest.raises(WrongInput, match=r"cat\.npz"):
            read_npz(file)
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with suppress(WrongInput):  # and nothing but WrongInput; a byte that does not matter may pass
            assert [[steps.tolist() for steps in part] for part in read_npz(file)] == good


def test_a_header_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path)
    whole = bytearray(file.read_bytes())
    entry = whole.find(b"PK\x01\x02")  # the first entry of the central directory; its unpacked size at 24
    struct.pack_into("<I", whole, entry + 24, 20)
    file.write_bytes(whole)
    with pytest.raises(WrongInput, match=r"cat\.npz"):
        read_npz(file)


def test_real_files_are_read(data_root: Path) -> None:
    parts = read_npz(data_root / "sketch" / "sketchrnn_npz" / "short_kanji.npz")
    assert [len(part) for part in parts] == [10_000, 600, 500]
    assert parts.train[0][:2].tolist() == [[-1, 25, 0], [-47, 118, 0]]
