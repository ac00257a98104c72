"""A folder of stores: what was made before is opened, what was not is made and kept."""

import hashlib
import json
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import torch

from seqtrain.errors import WrongInput
from seqtrain.store.bar import counted
from seqtrain.store.chunks import Chunk, Store, gather
from seqtrain.store.files import Broken, open_store, write_whole
from seqtrain.store.lock import locked

_VERSION = 1  # of the files, and of how features are made: raise it when either changes
_log = logging.getLogger("seqtrain")


def key_of(settings: Mapping[str, object], folder: Path, names: Iterable[str]) -> str:
    """What a store is made of, as 24 hexadecimal digits: settings, and the files with their sizes and times.

    Files are not read, since that takes as long as some features do. The time of the last change of a file's
    record (ctime) is in it beside the time of its content (mtime): unpacking and copying can set the latter to
    what it was for other content of the same size, but nothing sets the former.
    """
    digest = hashlib.sha256(json.dumps([_VERSION, torch.__version__, dict(settings)], sort_keys=True).encode())
    for name in names:
        stat = os.stat(folder / name)
        digest.update(json.dumps([name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]).encode())
    return digest.hexdigest()[:24]


def kept(
    cache: str | None, name: str, key: Callable[[], str], make: Callable[[], Iterator[Chunk]], *, total: int, unit: str
) -> Store:
    """The store of that key: opened where the folder `cache` has it, else made, kept there, and opened.

    Without `cache` it is made in memory. Of two processes that want the same store one makes it and the other
    waits. A file that is not whole is made anew. Where the folder cannot be written to, the store is made in
    memory, with a warning.

    Args:
        cache: the folder; ~ is the user's home
        name: what the store is of, for people
        key: says what the store is made of
        make: makes the store, chunk by chunk
        total: of what the chunks say they have done, for the progress bar
        unit: what the total counts

    Raises WrongInput where the disk is full.
    """

    def chunks() -> Iterator[Chunk]:
        return counted(make(), f"Reading {name}", total, unit)

    if cache is None:
        return gather(chunks())
    folder = Path(cache).expanduser()
    path = folder / f"{re.sub(r'[^A-Za-z0-9_-]+', '_', name)}-{key()}.safetensors"
    if (store := _found(path)) is not None:
        return store
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = path.with_suffix(".lock")
        lock.touch()
    except OSError as error:
        _log.warning("data.cache=%s cannot be written (%s): features are kept in memory only", cache, error.strerror)
        return gather(chunks())
    with locked(lock):
        if (store := _found(path, again=True)) is not None:
            return store
        try:
            write_whole(path, chunks())
        except OSError as error:
            if not str(error.filename or path).startswith(str(path)):
                raise  # of a file that is read
            raise WrongInput(
                f"data.cache={cache} cannot take what is read ({error.strerror}): make room, name another folder, "
                "or set data.cache=null to keep it in memory"
            ) from error
        return open_store(path)


def _found(path: Path, *, again: bool = False) -> Store | None:
    try:
        store = open_store(path)
    except FileNotFoundError:
        return None
    except Broken as broken:
        if again:
            _log.warning("%s is damaged (%s): it is made anew", path, broken)
        return None
    _log.info("%d sequences were read before and are in %s", len(store), path)
    return store
