"""Which files hold the published training and test set of a data set: NAME_TRAIN and NAME_TEST, or those named."""

from pathlib import Path

from seqtrain.datasets.series_file import FORMS
from seqtrain.errors import WrongInput

_SOURCE = "the archives are at https://timeseriesclassification.com"


def find_split(
    root: str, folder: str, *, name: str | None, train: str | None, test: str | None
) -> tuple[Path, Path | None]:
    """The training file, and the test file where there is one.

    Looks in the folder, then in its sub-folder of that name, for .ts, .tsv and .txt, in this order.

    Raises WrongInput, naming what is there, where a file is not.
    """
    place = Path(root).expanduser() / Path(folder).expanduser()
    if not folder or not place.is_dir():
        what = "is empty" if not folder else f"is {folder}, but {place.absolute()} is no folder"
        raise WrongInput(
            f"folder {what}: give an absolute path, or a folder's name under root ({root}; "
            f"the environment variable SEQTRAIN_DATA); {_SOURCE}"
        )
    if train is not None:
        return _named("train", train, place), _named("test", test, place) if test is not None else None
    if test is not None:
        raise WrongInput(f"test is {test} but train is null: set data.train too")
    name = name if name is not None else _only(place)
    for inside in (place, place / name):
        for form in FORMS:
            files = inside / f"{name}_TRAIN{form}", inside / f"{name}_TEST{form}"
            found = [file.is_file() for file in files]
            if all(found):
                return files
            if any(found):
                there, gone = files if found[0] else files[::-1]
                alone = f", or set data.train={there.name} to go without a test set" if found[0] else ""
                raise WrongInput(f"{there} is there but {gone.name} is not: put it beside it{alone}")
    raise WrongInput(
        f"name is {name}, but neither {place.absolute()} nor a folder {name} in it holds {name}_TRAIN.ts "
        f"(or .tsv, .txt); {_there(place)}; {_SOURCE}"
    )


def _named(setting: str, file: str, place: Path) -> Path:
    path = place / Path(file).expanduser()
    if not path.is_file():
        raise WrongInput(f"{setting} is {file}, but there is no file {path.absolute()}; {_there(place)}")
    return path


def _only(place: Path) -> str:
    names = sorted({file.stem.removesuffix("_TRAIN") for form in FORMS for file in place.glob(f"*_TRAIN{form}")})
    if len(names) == 1:
        return names[0]
    if not names:
        raise WrongInput(f"folder is {place.absolute()}, which holds no NAME_TRAIN.ts; {_there(place)}: set data.name")
    raise WrongInput(f"name is null, but {place.absolute()} holds {', '.join(names[:9])}: set data.name to one of them")


def _there(place: Path) -> str:
    found = sorted(
        file.relative_to(place).as_posix() for deep in ("*", "*/*") for file in place.glob(f"{deep}_TRAIN.*")
    )
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return f"it holds {', '.join(found[:5])}{more}" if found else "it holds no file called …_TRAIN.…"
