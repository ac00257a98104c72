"""sketch-rnn's npz files: the train, valid and test drawings of one class, read without trusting the file.

The format: https://github.com/magenta/magenta/tree/main/magenta/models/sketch_rnn#creating-your-own-dataset
"""

import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtrain.datasets.strokes import LARGEST, Steps
from seqtrain.datasets.unpickle import Refused, arrays_in
from seqtrain.errors import WrongInput

MOST_BYTES = 2 << 30  # uncompressed, of one file; the largest published one has about 150 MB
MOST_TIMES = 200  # uncompressed size over the file's; published ones have about 3


class Published(NamedTuple):
    """The three arrays of one file."""

    train: list[Steps]
    valid: list[Steps]
    test: list[Steps]


def read_npz(file: Path) -> Published:
    """The drawings of a sketch-rnn npz file, in its own three parts.

    Raises:
        WrongInput: naming the file and the array, where it is no such file, is cut, holds anything but
            (n, 3) arrays of finite numbers with pen 0 or 1, or would unpack to far more than its size.
    """
    return Published(*(_checked(arrays, f"{file}: {part}") for part, arrays in _parts(file).items()))


def read_each(file: Path) -> Iterator[tuple[str, Steps | WrongInput]]:
    """What each drawing of a file is called, such as train[0], and its steps or what is wrong with it.

    Raises WrongInput as `read_npz` does, but for what is wrong with one drawing only.
    """
    for part, arrays in _parts(file).items():
        place = f"{file}: {part}"
        try:
            found: list[Steps | WrongInput] = [*_checked(arrays, place)]
        except WrongInput:  # each alone tells which
            found = [_alone(array, place, number) for number, array in enumerate(arrays)]
        yield from ((f"{part}[{number}]", each) for number, each in enumerate(found))


def _parts(file: Path) -> dict[str, list[NDArray[Any]]]:
    """The arrays of each part, of any shape and type of numbers."""
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            _check_sizes(file, sizes)
            return {part: _part(archive, file, part) for part in Published._fields}
    except WrongInput:
        raise
    except OSError as error:
        raise WrongInput(f"{file} cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, RuntimeError) as error:
        raise WrongInput(f"{file} is broken or no npz file: {_short(str(error))}; fetch it again") from error


def _short(text: str) -> str:
    """Some of what the archive says of itself, on one line."""
    text = " ".join(text.split())
    return text if len(text) <= 120 else text[:119] + "…"


def _check_sizes(file: Path, sizes: dict[str, int]) -> None:
    missing = [part for part in Published._fields if f"{part}.npy" not in sizes]
    if missing:
        raise WrongInput(
            f"{file} has no array {' and no '.join(missing)} (it has {_short(', '.join(sizes)) or 'nothing'}): "
            "a sketch-rnn file has train, valid and test"
        )
    unpacked = sum(sizes[f"{part}.npy"] for part in Published._fields)
    if unpacked > MOST_BYTES or unpacked > MOST_TIMES * file.stat().st_size:
        raise WrongInput(
            f"{file} would unpack from {file.stat().st_size:,} to {unpacked:,} bytes: at most {MOST_BYTES:,} bytes "
            f"and {MOST_TIMES} times its size are read"
        )


def _part(archive: zipfile.ZipFile, file: Path, part: str) -> list[NDArray[Any]]:
    place = f"{file}: {part}"
    try:
        with archive.open(f"{part}.npy") as stream:
            arrays = _arrays(stream)
            stream.read()  # to the end, where the checksum is compared
    except Refused as error:
        raise WrongInput(f"{place} {error}") from error
    except MemoryError as error:
        raise WrongInput(f"{place} does not fit into memory") from error
    if sum(array.nbytes for array in arrays) > archive.getinfo(f"{part}.npy").file_size:  # a pickle may name one twice
        raise WrongInput(f"{place} has more drawings than it has bytes for: it names one of them many times")
    return arrays


def _arrays(stream: IO[bytes]) -> list[NDArray[Any]]:
    """The arrays of one .npy member, whether it holds an array of arrays or one (N, T, 3) array."""
    try:
        version = np.lib.format.read_magic(stream)
        header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran, dtype = header(stream)
    except (ValueError, KeyError) as error:
        raise Refused(f"is no .npy array: {error}") from error
    if dtype == np.dtype(object):
        arrays = arrays_in(stream)
        if (len(arrays),) != shape:
            raise Refused(f"has {len(arrays)} drawings where its header says {shape}")
        return arrays
    if dtype.kind not in "iufb" or len(shape) != 3 or fortran:
        raise Refused(f"is an array of {dtype} and shape {shape}: save one (n, 3) array of numbers a drawing")
    numbers = np.frombuffer(stream.read(), dtype)
    if numbers.size != np.prod(shape):
        raise Refused(f"is cut: {numbers.size} numbers where shape {shape} is announced")
    return list(numbers.reshape(shape))


def _checked(arrays: Sequence[NDArray[Any]], place: str, first: int = 0) -> list[Steps]:
    """The arrays as (n, 3) float32, once they are known to make sense; `first` is the number of the first."""
    for number, array in enumerate(arrays, start=first):
        if array.ndim != 2 or array.shape[1] != 3 or not len(array):
            raise WrongInput(f"{place}[{number}] has shape {array.shape}: a drawing is (n, 3) with n at least 1")
    if not arrays:
        return []
    steps = np.concatenate(arrays)  # (S, 3)
    ends = np.cumsum([len(array) for array in arrays])
    wrong = ~(np.abs(steps[:, :2].astype(np.float64)) <= LARGEST).all(1)  # true for NaN too
    if wrong.any():
        number = first + int(np.searchsorted(ends, np.flatnonzero(wrong)[0], side="right"))
        raise WrongInput(f"{place}[{number}] has a coordinate that is NaN, infinite or beyond {LARGEST:.0e}")
    wrong = (steps[:, 2] != 0) & (steps[:, 2] != 1)
    if wrong.any():
        number = first + int(np.searchsorted(ends, np.flatnonzero(wrong)[0], side="right"))
        raise WrongInput(f"{place}[{number}] has a pen of {steps[wrong][0, 2]}: it is 0 (down) or 1 (lifted)")
    return np.split(steps.astype(np.float32), ends[:-1])


def _alone(array: NDArray[Any], place: str, number: int) -> Steps | WrongInput:
    try:
        return _checked([array], place, number)[0]
    except WrongInput as error:
        return error
