"""The files of an archive, and nothing else that an archive can do."""

import hashlib
import os
import re
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from seqtrain.errors import WrongInput

_PIECE = 1 << 20


def unpack(archive: Path, folder: Path, *, wanted: str, above: int, most: int, contents: str | None = None) -> None:
    """Write the files of a tar archive into a folder that is not there yet, which then is whole or not there.

    Only plain files are written: links, devices and owners are not. A name that leaves the folder is refused.

    Args:
        wanted: pattern that the whole name of a file matches, after the folders above are taken off
        above: how many folders to take off the front of each name
        most: bytes that the files may have together
        contents: the SHA-256 of what `sha256sum` prints for the files, sorted by name; None: not compared

    Raises WrongInput where the archive is damaged, too large, has other contents, or a name that leaves the folder.
    """
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        sums = _write(archive, partial, re.compile(wanted), above, most)
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
        if not sums:
            raise WrongInput(f"{archive} holds none of the files that are wanted: remove it and fetch it again")
        if contents is not None and hashlib.sha256(lines.encode()).hexdigest() != contents:
            raise WrongInput(f"the files in {archive} are not those that are known: remove it and fetch it again")
        os.rename(partial, folder)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise WrongInput(f"{archive} is damaged ({error}): remove it and fetch it again") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write(archive: Path, folder: Path, wanted: re.Pattern[str], above: int, most: int) -> dict[str, str]:
    sums: dict[str, str] = {}
    with tarfile.open(archive) as members:
        for member in members:
            path = PurePosixPath(member.name)
            if path.is_absolute() or ".." in path.parts or "\\" in member.name:
                raise WrongInput(f"{archive} holds {member.name!r}, which is outside of it: it is not to be trusted")
            name = PurePosixPath(*path.parts[above:]).as_posix()
            if not member.isreg() or not wanted.fullmatch(name):
                continue
            most -= member.size
            if most < 0:
                raise WrongInput(f"{archive} unpacks to more than it should: it is not to be trusted")
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            digest = hashlib.sha256()
            content = members.extractfile(member)
            if content is None or name in sums:
                raise WrongInput(f"{archive} holds {name} in a way that no archive should: it is not to be trusted")
            with target.open("wb") as file:
                while piece := content.read(_PIECE):
                    digest.update(piece)
                    file.write(piece)
            sums[name] = digest.hexdigest()
    return sums
