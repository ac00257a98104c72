"""Where configs are: seqtrain's own folder, and the user's folders on top of it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from seqtrain.errors import WrongInput

SPACE = "space"


def shipped() -> Path:
    """The configs inside the installed package, or those of the checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "configs"
    return installed if installed.is_dir() else package.parents[1] / "configs"


@dataclass(frozen=True)
class Configs:
    """The config groups and their options. WrongInput: a folder is not there, or repeats a name of seqtrain's."""

    user: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        own = {path.relative_to(shipped()) for path in shipped().rglob("*.yaml")}
        for folder in self.user:
            if not folder.is_dir():
                raise WrongInput(f"--config-dir is {folder}: there is no such folder")
            for path in sorted(folder.rglob("*.yaml")):
                if path.relative_to(folder) in own:
                    raise WrongInput(f"{path} has the name of a config of seqtrain's, which comes first: rename it")

    @cached_property
    def groups(self) -> dict[str, dict[str, Path]]:
        """Options by group, each with its file: `{"model": {"lstm": …/model/lstm.yaml}}`."""
        found: dict[str, dict[str, Path]] = {}
        for folder in (shipped(), *self.user):
            for path in sorted(folder.rglob("*.yaml")):
                parts = path.relative_to(folder).with_suffix("").parts
                for split in range(1, len(parts)):
                    if parts[0] not in ("hydra", SPACE):
                        found.setdefault("/".join(parts[:split]), {})["/".join(parts[split:])] = path
        return found

    @cached_property
    def spaces(self) -> dict[str, Path]:
        """What `seqtrain tune` can search, each with its file; no group, since no config is composed of it."""
        files = (path for folder in (shipped(), *self.user) for path in sorted((folder / SPACE).glob("*.yaml")))
        return {path.stem: path for path in files}


def first_line(path: Path) -> str:
    """What a config is, in its own words: the comment that it opens with."""
    with path.open(encoding="utf-8") as file:
        line = file.readline().strip()
    return line.lstrip("# ") if line.startswith("#") else ""
