"""Checkpoints that are not what they seem, each with a right SHA-256: whoever makes one can compute that too."""

import io
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from seqtrain.checkpoints import _append_digest, write_checkpoint

GOOD = {"state_dict": {"weight": torch.arange(100.0)}, "seqtrain": {"step": 7}}
BIG = struct.pack("<i", 1 << 30)


class Calls:
    """Unpickling it calls a function."""

    def __init__(self, function: Any, *given: Any) -> None:
        self.called = function, given

    def __reduce__(self) -> Any:
        return self.called


def digested(content: bytes, path: Path) -> None:
    with path.open("w+b") as file:
        file.write(content)
        if content[-22:-18] == b"PK\x05\x06":
            _append_digest(file)


def zipped(records: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """An archive as Python writes it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, record in records.items():
            archive.writestr(name, record)
    return content.getvalue()


def records(content: Any = GOOD) -> dict[str, bytes]:
    saved = io.BytesIO()
    torch.save(content, saved)
    with zipfile.ZipFile(saved) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def as_torch(changed: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """An archive with the end that torch writes, which zipfile leaves out where a file is small."""
    content = zipped(changed, compression)
    length, offset = struct.unpack("<II", content[-10:-2])
    place = len(content) - 22
    count = len(changed)
    more = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, offset)
    return content[:-22] + more + struct.pack("<4sIQI", b"PK\x06\x07", 0, place, 1) + content[-22:]


def with_pickle(content: bytes, path: Path) -> None:
    digested(as_torch(records() | {"archive/data.pkl": content}), path)


def saved(content: Any) -> Callable[[Path], None]:
    return lambda path: write_checkpoint(content, path)


def edited(before: bytes, after: bytes) -> Callable[[Path], None]:
    """The good one with other bytes in its pickle, where these are last."""

    def write(path: Path) -> None:
        left, found, right = records()["archive/data.pkl"].rpartition(before)
        assert found
        with_pickle(left + after + right, path)

    return write


def _called(name: str, given: bytes) -> Callable[[Path], None]:
    """A pickle that calls something of torch's own."""
    return lambda path: with_pickle(b"\x80\x02c" + name.replace(" ", "\n").encode() + b"\n" + given + b"R.", path)


def _in_place(name: str, text: bytes) -> Callable[[Path], None]:
    return lambda path: digested(as_torch(records() | {name: text}), path)


def _legacy(path: Path) -> None:
    content = io.BytesIO()
    torch.save(GOOD, content, _use_new_zipfile_serialization=False)
    write_checkpoint(GOOD, path)
    end = path.read_bytes()[-86 - 76 : -64]
    digested(content.getvalue() + end, path)


def _two_directories(path: Path) -> None:
    """zipfile sees a good directory, and the end says that another one counts."""
    evil, good = as_torch(records(Calls(os.mkdir, f"{path}.executed"))), as_torch(records())
    content = bytearray(evil + good)
    struct.pack_into("<Q", content, len(content) - 34, len(evil) - 98)  # where the end of the directory is
    digested(bytes(content), path)


def _nested(path: Path) -> None:
    with_pickle(b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".", path)


POISONED: dict[str, Callable[[Path], None]] = {
    "os.mkdir": lambda path: write_checkpoint({"state_dict": Calls(os.mkdir, f"{path}.executed")}, path),
    "eval": lambda path: write_checkpoint({"x": [Calls(eval, f"open({str(path) + '.executed'!r}, 'w')")]}, path),
    "another end": lambda path: digested(zipped(records()), path),
    "a bare pickle": lambda path: path.write_bytes(pickle.dumps(Calls(os.mkdir, f"{path}.executed"))) and None,
    "a bare pickle with an end": lambda path: digested(
        pickle.dumps(Calls(os.mkdir, f"{path}.executed")) + as_torch(records())[-98:], path
    ),
    "torch's old format": _legacy,
    "two directories": _two_directories,
    "two pickles": _in_place("archive/more.pkl", pickle.dumps(Calls(os.mkdir, "executed"))),
    "a pickle in capitals": _in_place("archive/DATA.PKL", pickle.dumps(Calls(os.mkdir, "executed"))),
    "TorchScript": _in_place("archive/constants.pkl", b"\x80\x02)."),
    "a name of its own making": lambda path: with_pickle(
        b"\x80\x04\x8c\x02os\x8c\x05mkdir\x93X\x01\x00\x00\x00x\x85R.", path
    ),
    "names that leave the folder": _in_place("../../executed", b"x"),
    "compressed": lambda path: digested(as_torch(records(), zipfile.ZIP_DEFLATED), path),
    "a zip bomb": lambda path: digested(
        as_torch(records() | {"archive/data/0": bytes(1 << 28)}, zipfile.ZIP_DEFLATED), path
    ),
    "a bomb of a pickle": lambda path: digested(
        as_torch(records() | {"archive/data.pkl": b"\x80\x02" + b"N0" * (1 << 24) + b"N."}, zipfile.ZIP_DEFLATED), path
    ),
    "an expanded tensor": saved({"state_dict": {"w": torch.zeros(1).expand(1 << 40)}}),
    "many expanded tensors": saved({"state_dict": [torch.zeros(1).expand(1 << 20)] * 5000}),
    "a meta tensor": saved({"w": torch.zeros(1 << 40, device="meta")}),
    "a sparse tensor": saved({"w": torch.eye(3).to_sparse()}),
    "a sparse tensor that points outside": saved(
        {"w": torch.sparse_coo_tensor([[1 << 40]], [1.0], (2,), check_invariants=False)}
    ),
    "a huge sparse tensor": _called(
        "torch._utils _rebuild_sparse_tensor",
        b"ctorch.serialization\n_get_layout\nX\x10\x00\x00\x00torch.sparse_coo\x85RNNN\x87\x86",
    ),
    "a quantized tensor": _called("torch._utils _rebuild_qtensor", b")"),
    "a storage of 4 GiB": edited(b"Kdt", b"J" + BIG + b"t"),
    "a shape of 4 GiB": edited(b"Kd", b"J" + BIG),
    "a negative shape": edited(b"Kd", b"J\xff\xff\xff\xff"),
    "a storage that is not there": edited(b"\x01\x00\x00\x000", b"\x01\x00\x00\x007"),
    "bytearray(2 ** 36)": lambda path: with_pickle(b"\x80\x02c__builtin__\nbytearray\n\x8a\5\0\0\0\0\x10\x85R.", path),
    "torch.Tensor(2 ** 36)": lambda path: with_pickle(b"\x80\x02ctorch\nTensor\n\x8a\x05\0\0\0\0\x10\x85R.", path),
    "nested 100,000 deep": _nested,
    "no pickle": lambda path: digested(as_torch({"archive/version": b"3"}), path),
    "an empty pickle": lambda path: with_pickle(b"", path),
    "a list": saved([1, 2]),
    "bytes": lambda path: path.write_bytes(bytes(4096)) and None,
    "nothing": lambda path: path.write_bytes(b"") and None,
}  # fmt: skip
