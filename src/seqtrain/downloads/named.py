"""The data sets that can be fetched by name: where they are, and how they are known to be right."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

from seqtrain.downloads.fetch import fetch
from seqtrain.downloads.unpack import unpack
from seqtrain.errors import WrongInput

Name = Literal["fsdd", "speech_commands"]


class Archive(NamedTuple):
    url: str
    file: str  # what it is called here
    wanted: str  # pattern of the files to unpack
    above: int  # folders around them
    most: int  # bytes that they may have
    sha256: str | None = None  # of the archive
    contents: str | None = None  # of the files: see `unpack`


ARCHIVES: dict[Name, Archive] = {
    # A commit, since the newest tag is older. GitHub may pack archives anew, so the files are what is known.
    "fsdd": Archive(
        url="https://github.com/Jakobovski/free-spoken-digit-dataset/archive/26eb9aaf76e81b692f806f9140c2d2777410d7a1.tar.gz",
        file="fsdd-26eb9aaf.tar.gz",
        wanted=r"recordings/[^/]+\.wav",
        above=1,
        most=100_000_000,
        contents="04e1baae96c6a26e39c623f2b01d0182ddae627ba0ac02a3cdc17ba2af99fd9b",
    ),
    # Warden 2018, arXiv:1804.03209. The hash is the one in torchaudio 2.11.
    "speech_commands": Archive(
        url="http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
        file="speech_commands_v0.02.tar.gz",
        wanted=r"[^/]+/[^/]+\.wav|(validation|testing)_list\.txt|README\.md|LICENSE",
        above=0,
        most=10_000_000_000,
        sha256="af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
    ),
}
QUICKDRAW = "https://storage.googleapis.com/quickdraw_dataset/full/simplified/"
SUMS = "SHA256SUMS"  # beside the drawings: `sha256sum -c` reads it


def fetch_archive(name: Name, folder: Path, downloads: Path) -> None:
    """Unpack a data set into a folder that is not there yet; the archive stays in `downloads`.

    Raises WrongInput as `fetch` and `unpack` do.
    """
    archive = ARCHIVES[name]
    place = downloads / archive.file
    fetch(archive.url, place, sha256=archive.sha256)
    if folder.exists():
        return  # another process was faster
    folder.parent.mkdir(parents=True, exist_ok=True)
    unpack(place, folder, wanted=archive.wanted, above=archive.above, most=archive.most, contents=archive.contents)


def fetch_drawings(classes: Sequence[str], folder: Path) -> None:
    """Put the simplified drawings of classes of Quick, Draw! into a folder, an ndjson file each.

    Nobody publishes their hashes. That of the first download is written down beside the files, and every file
    that is named there is compared with it from then on.
    Raises WrongInput as `fetch` does, and for a name that can be no class.
    """
    known = _known(folder / SUMS)
    for name in classes:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 .'-]*", name):
            raise WrongInput(f"classes names {name!r}, which is no class of Quick, Draw!")
        file = folder / f"{name}.ndjson"
        if file.exists() and file.name not in known:
            continue  # the user's own
        fetch(f"{QUICKDRAW}{quote(name)}.ndjson", file, sha256=known.get(file.name))
        if file.name not in known:
            with file.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            with (folder / SUMS).open("a") as sums:
                sums.write(f"{digest}  {file.name}\n")


def _known(sums: Path) -> dict[str, str]:
    if not sums.exists():
        return {}
    lines = (line.partition("  ") for line in sums.read_text().splitlines() if line)
    return {name: digest for digest, _, name in lines}
