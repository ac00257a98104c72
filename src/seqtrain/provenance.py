"""What a run was made with: versions, commit and time."""

import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PACKAGES = ("seqtrain", "torch", "pytorch-lightning", "hydra-core", "numpy")


def provenance(before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """For result.json; the commit is that of the working folder, None where it is not in a git checkout.

    Args:
        before: what it says already, where a run is resumed. That stays, and `resumed` says when the run went on, and
            with what where it was something else.
    """
    date = datetime.now(UTC).isoformat(timespec="seconds")
    now = {"versions": _versions(), "git_commit": _commit(Path.cwd()), "date": date}
    if before is None or "date" not in before:
        return now
    first = {name: before.get(name, value) for name, value in now.items()}
    other = {name: value for name, value in now.items() if name == "date" or value != first[name]}
    return first | {"resumed": [*before.get("resumed", []), other]}


@cache  # what this process has imported
def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}


@cache  # likewise, whatever is committed while it runs
def _commit(folder: Path) -> str | None:
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):  # no git, or no checkout
        return None
    return answer.stdout.strip()
