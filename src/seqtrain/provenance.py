"""What a run was made with: versions, commit and time."""

import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("seqtrain", "torch", "pytorch-lightning", "hydra-core", "numpy")


def provenance() -> dict[str, object]:
    """For result.json; the commit is that of the working folder, None where it is not in a git checkout."""
    versions = {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}
    return {"versions": versions, "git_commit": _commit(), "date": datetime.now(UTC).isoformat(timespec="seconds")}


def _commit() -> str | None:
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=Path.cwd(), capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):  # no git, or no checkout
        return None
    return answer.stdout.strip()
