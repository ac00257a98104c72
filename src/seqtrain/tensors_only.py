"""Whether a checkpoint file holds tensors and plain values and nothing else: asked before torch reads it.

`torch.load(weights_only=True)` calls no function of others, but it does make sparse and meta tensors of any size,
`bytearray(1 << 40)` and unpacked zip bombs. What seqtrain writes needs none of these.
"""

import os
import pickletools
import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqtrain.errors import WrongInput

if TYPE_CHECKING:
    from torch import Tensor

_ALLOWED = re.compile(
    r"collections OrderedDict|torch Size|torch device|torch\._utils _rebuild_(tensor|tensor_v2|tensor_v3|parameter)"
    r"|torch (float|bfloat|int|uint|bool)\w*|torch (\w+Storage|storage UntypedStorage)|torch\.storage UntypedStorage"
)
_NAMING = ("GLOBAL", "STACK_GLOBAL", "INST")  # what a pickle asks for by its name
DIGEST = 64  # hex digits of a SHA-256: the archive's comment
# zip64's end (the directory's length and place), where that is, and the end of a zip file with its comment
_END = struct.Struct(f"<4s36xQQ4s4xQ4x4s16xH{DIGEST}x")
_TIMES = 16  # as many bytes of tensors as the file has: two names of one weight are two tensors


def check_archive(path: Path) -> None:
    """Raises WrongInput where a file is not torch's archive of stored records, or its pickle asks for other things."""
    refused = f"{path} is no checkpoint of seqtrain's"
    try:
        _check_end(path, refused)
        with zipfile.ZipFile(path) as archive:
            records = archive.infolist()
            names = {record.filename.lower() for record in records}
            stored = all(record.compress_type == zipfile.ZIP_STORED for record in records)
            unpacked = sum(record.file_size for record in records)
            if len(names) < len(records) or not stored or unpacked > path.stat().st_size:
                raise WrongInput(f"{refused}: its archive is compressed, or holds records twice")
            pickles = [record for record in records if record.filename.lower().endswith(".pkl")]
            if len(pickles) != 1 or not pickles[0].filename.endswith("/data.pkl"):
                raise WrongInput(f"{refused}: it holds {len(pickles)} pickles, and one is read")
            _check_pickle(archive.read(pickles[0]), refused)
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError) as error:
        if isinstance(error, WrongInput):
            raise
        raise WrongInput(f"{refused}: {error}") from error


def check_tensors(content: dict[str, Any], path: Path) -> None:
    """Raises WrongInput for tensors that are not dense, or that say they are far larger than the file is."""
    import torch

    total = 0
    for tensor in _tensors(content):
        if tensor.layout is not torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
            raise WrongInput(f"{path} holds a tensor that is no plain one ({tensor.layout}, {tensor.device})")
        total += tensor.numel() * tensor.element_size()
    if total > _TIMES * path.stat().st_size:
        raise WrongInput(
            f"{path} has {path.stat().st_size:,} bytes but says that its tensors have {total:,}: do not use it"
        )


def _check_end(path: Path, refused: str) -> None:
    """One directory, right before the end: of two, torch would read one and zipfile, which checks it, the other."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - _END.size, 0))
        end = file.read()
    if len(end) == _END.size:
        place = size - _END.size
        first, length, offset, second, told, third, comment = _END.unpack(end)
        signs = (first, second, third) == (b"PK\x06\x06", b"PK\x06\x07", b"PK\x05\x06")
        if signs and length + offset == told == place and comment == DIGEST:
            return
    raise WrongInput(f"{refused}: it does not end as torch's archives do")


def _check_pickle(content: bytes, refused: str) -> None:
    for code, argument, _ in pickletools.genops(content):
        if code.name in _NAMING and not _ALLOWED.fullmatch(str(argument)):
            asked = str(argument).replace(" ", ".") if argument else "something by a name that it makes up"
            raise WrongInput(f"{refused}: it asks for {asked}, which is no tensor, so it was not read")


def _tensors(content: object) -> "Iterator[Tensor]":
    """Every tensor within dictionaries and lists, once for each place; a container that is shared is seen once."""
    from torch import Tensor

    seen: set[int] = set()
    left = [content]
    while left:
        node = left.pop()
        if isinstance(node, Tensor):
            yield node
        elif isinstance(node, dict | list | tuple) and id(node) not in seen:
            seen.add(id(node))
            left.extend(node.values() if isinstance(node, dict) else node)
