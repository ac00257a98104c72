"""How a store lies in a file: safetensors, written piece by piece, opened without reading it.

The format (https://huggingface.co/docs/safetensors) is a JSON header and then the tensors. The header comes
first but its sizes are known last: room is left for it, and filled with spaces, which the format allows.
"""

import hashlib
import json
import os
from array import array
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from torch import Tensor

from seqtrain.store.chunks import Chunk, Plain, Store
from seqtrain.texts import Texts

_HEADER = 1 << 16  # bytes kept free for the header
_ALIGNED = 64  # tensors begin at multiples of this
_TYPES = {np.dtype(np.float32): "F32", np.dtype(np.int64): "I64", np.dtype(np.uint8): "U8"}
_FACTS, _COLUMN, _CONTENT, _ENDS = "facts", "column.", "content.", "ends."


class Broken(Exception):
    """A file that is no whole store."""


def write(file: BinaryIO, chunks: Iterable[Chunk]) -> None:
    """Write a store at the beginning of an empty file. Only lengths, columns and texts are held in memory.

    Raises ValueError where there are no sequences.
    """
    lengths: array[int] = array("q")
    columns: dict[str, array[int]] = defaultdict(lambda: array("q"))
    contents: dict[str, bytearray] = defaultdict(bytearray)
    ends: dict[str, array[int]] = defaultdict(lambda: array("q"))
    facts: Plain = {}
    features = 0
    file.write(b" " * _HEADER)
    for chunk in chunks:
        facts |= chunk.facts
        if not chunk.steps:
            continue
        features = chunk.steps[0].shape[1]
        file.write(_bytes(torch.cat(list(chunk.steps)).float().numpy()))
        lengths.extend(len(one) for one in chunk.steps)
        for name, values in chunk.columns.items():
            columns[name].extend(values)
        for name, words in chunk.texts.items():
            content, stops = contents[name], ends[name]
            for word in words:
                content += word.encode()
                stops.append(len(content))
    if not lengths:
        raise ValueError("a store needs at least one sequence")
    long = np.frombuffer(lengths, np.int64)
    tensors: dict[str, NDArray[Any]] = {"lengths": long, "starts": long.cumsum() - long}
    tensors |= {_COLUMN + name: np.frombuffer(values, np.int64) for name, values in columns.items()}
    tensors |= {_CONTENT + name: _of_bytes(content) for name, content in contents.items()}
    tensors |= {_ENDS + name: np.frombuffer(stops, np.int64) for name, stops in ends.items()}
    tensors[_FACTS] = _of_bytes(told := json.dumps(facts, sort_keys=True).encode())
    header: Plain = {"steps": _entry(np.dtype(np.float32), [int(long.sum()), features], 0, file.tell() - _HEADER)}
    for name, tensor in tensors.items():
        begin = _align(file, header)
        file.write(_bytes(tensor))
        header[name] = _entry(tensor.dtype, list(tensor.shape), begin, file.tell() - _HEADER)
    header["__metadata__"] = {"sha256": _digest({name: entry["shape"] for name, entry in header.items()}, told)}
    encoded = json.dumps(header, separators=(",", ":")).encode()
    file.seek(0)
    file.write((_HEADER - 8).to_bytes(8, "little") + encoded.ljust(_HEADER - 8))


def open_store(path: Path) -> Store:
    """Map a store into memory: nothing but the header and the lengths is read.

    Raises Broken where the file is not whole: its size and header are compared, and its lengths summed.
    FileNotFoundError: there is none.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise Broken(str(error)) from None
    shapes = {name: list(tensor.shape) for name, tensor in tensors.items()}
    told = tensors[_FACTS].numpy().tobytes() if _FACTS in tensors else b""
    if metadata.get("sha256") != _digest(shapes, told):
        raise Broken("its header is not what was written")
    lengths = tensors["lengths"]
    if int(lengths.min()) < 1 or int(lengths.sum()) != len(tensors["steps"]):
        raise Broken("its lengths are not those of its steps")
    return Store(
        steps=tensors["steps"],
        lengths=lengths,
        starts=tensors["starts"],
        columns={name.removeprefix(_COLUMN): tensor for name, tensor in tensors.items() if name.startswith(_COLUMN)},
        texts={
            name.removeprefix(_CONTENT): Texts(tensor, tensors[_ENDS + name.removeprefix(_CONTENT)])
            for name, tensor in tensors.items()
            if name.startswith(_CONTENT)
        },
        facts=json.loads(told),
    )


def write_whole(path: Path, chunks: Iterable[Chunk]) -> None:
    """Write a store so that `path` is either not there or whole, whatever happens meanwhile."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            write(file, chunks)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        temporary.unlink(missing_ok=True)


def _align(file: BinaryIO, header: Plain) -> int:
    """Where the next tensor begins; the gap is a tensor of its own, since the format allows none."""
    end = file.tell() - _HEADER
    if gap := -end % _ALIGNED:
        file.write(bytes(gap))
        header[f"gap.{len(header)}"] = _entry(np.dtype(np.uint8), [gap], end, end + gap)
    return end + gap


def _entry(dtype: np.dtype[Any], shape: list[int], begin: int, end: int) -> Plain:
    return {"dtype": _TYPES[dtype], "shape": shape, "data_offsets": [begin, end]}


def _bytes(values: NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8).data


def _of_bytes(content: bytes | bytearray) -> NDArray[np.uint8]:
    return np.frombuffer(bytes(content) or b" ", np.uint8)[: len(content)]


def _digest(shapes: dict[str, list[int]], facts: bytes) -> str:
    return hashlib.sha256(json.dumps(sorted(shapes.items())).encode() + facts).hexdigest()
