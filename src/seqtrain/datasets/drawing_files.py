"""Which files of a folder hold drawings, and which classes of them are wanted."""

import difflib
from collections.abc import Collection, Sequence
from pathlib import Path

from seqtrain.errors import WrongInput

KINDS = (".ndjson", ".npz")


def drawing_files(root: str, folder: str) -> list[Path]:
    """The files of one kind, ndjson or npz, in the order of their names.

    Raises:
        WrongInput: where there is no such folder, it holds none, or both kinds.
    """
    if not folder:
        raise WrongInput("folder is empty: name the folder that holds the files")
    place = Path(root).expanduser() / Path(folder).expanduser()
    if not place.is_dir():
        what = "is a file" if place.is_file() else "is not there"
        raise WrongInput(
            f"folder is {folder}, but {place.absolute()} {what}: give an absolute path, "
            f"or a folder's name under root ({root}; the environment variable SEQTRAIN_DATA)"
        )
    found = {kind: sorted(place.glob(f"*{kind}")) for kind in KINDS}
    if all(found.values()):
        raise WrongInput(f"{place} holds both .ndjson and .npz files: keep them in folders of their own")
    if not any(found.values()):
        below = sorted({file.parent.name for kind in KINDS for file in place.glob(f"*/*{kind}")})
        hint = f": did you mean its folder {', '.join(below[:5])}?" if below else ": put one file a class there"
        raise WrongInput(f"{place.absolute()} holds no .ndjson or .npz files{hint}")
    return next(files for files in found.values() if files)


def choose(wanted: Sequence[str] | None, present: Collection[str], place: Path) -> list[str]:
    """The classes in the order asked for, or all that are present, sorted.

    Raises:
        WrongInput: naming a class that is not there, and those most like it; or for fewer than two classes.
    """
    for name in wanted or ():
        if name not in present:
            alike = {known.casefold(): known for known in sorted(present)}
            near = difflib.get_close_matches(name.casefold(), alike, n=3, cutoff=0.5)
            names = [alike[match] for match in near] or sorted(present)[:5]
            remedy = "did you mean" if near else "there are, among others,"
            raise WrongInput(f"classes names {name!r}, which is not in {place}: {remedy} {', '.join(names)}?")
    chosen = sorted(present) if wanted is None else list(wanted)
    if len(chosen) < 2:
        raise WrongInput(f"{place} gives {len(chosen)} class{'' if chosen else 'es'} {chosen}: two are the least")
    return chosen


def check_names(wanted: Sequence[str] | None) -> None:
    """Raises WrongInput for a choice of classes that cannot be meant."""
    if wanted is None:
        return
    if not wanted:
        raise WrongInput("classes is []: name some, or null for all of them")
    twice = {name for name in wanted if list(wanted).count(name) > 1}
    if twice:
        raise WrongInput(f"classes names {', '.join(sorted(twice))} more than once")
