"""What a training leaves on the terminal: a short table at its end, and no library's tips before it."""

import logging
import shlex
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_SPLITS = ("test", "val", "train")

# Loggers whose INFO is tips and notes that our own runs cause; from WARNING on they are heard as before.
_TALKATIVE = (
    "pytorch_lightning.utilities.rank_zero",  # devices, litlogger, litmodels, "max_epochs=20 reached", restoring
    "lightning_fabric.utilities.rank_zero",  # the same from the other half of Lightning: precision
    "lightning_fabric.utilities.distributed",  # "Initializing distributed"
    "pytorch_lightning.trainer.connectors.checkpoint_connector",  # "`weights_only` was not set"
    "pytorch_lightning.trainer.connectors.signal_connector",  # "Received SIGTERM": the command says what follows
)

# Warnings that our own runs cause and that nobody can act upon, as patterns of how they begin.
_EXPECTED = (
    r"`isinstance\(treespec, LeafSpec\)` is deprecated",  # Lightning 2.6 does so, torch 2.13 minds
    r"The '.*dataloader' does not have many workers",  # their number is a setting; 0 is fastest for small data
    r"The number of training batches \(.*\) is smaller than the logging interval",  # the run's record logs
    r"You're resuming from a checkpoint that ended before the epoch ended",  # the loader finds its place by itself
    r"You defined a `validation_step` but have no `val_dataloader`",  # data.val_fraction=0 asked for that
    r"GPU available but not used",  # trainer=cpu asked for that
    r"It is recommended to use `self\.log\('.*', \.\.\., sync_dist=True\)`",  # they are the sums of all already
    r"The `srun` command is available on your system but is not used",  # a run outside Slurm is meant
)


def closing_table(result: Mapping[str, Any], folder: Path, *, tensorboard: bool = True) -> str:
    """The end of a run in words: its metrics, what it cost, where it lies, how to look at it.

    Plain text within 80 columns (but for a deeper folder), the same on a terminal and in a pipe.

    Args:
        result: what result.json holds: `status`, `metrics` (test/… and val/… at the best checkpoint), `epochs`,
            `steps`, `best` (its `step`), `seconds`, `parameters`. What is missing is left out.
        folder: of the run.
        tensorboard: whether the run logged to TensorBoard.
    """
    shown = from_here(folder)
    status = result.get("status", "completed")
    seconds = result.get("seconds")
    updates = _whole(result.get("steps"))
    best = _whole((result.get("best") or {}).get("step"))
    facts = {
        "status": None if status == "completed" else str(status),
        "epochs": _whole(result.get("epochs")),
        "updates": f"{updates}, best at {best}" if updates is not None and best is not None else updates,
        "seconds": None if seconds is None else f"{seconds:,.1f}",
        "parameters": _whole(result.get("parameters")),
        "run folder": str(shown),
        "look at it": f"tensorboard --logdir {shlex.quote(str(_logdir(shown)))}" if tensorboard else None,
    }
    table = _metrics_table(result.get("metrics") or {})
    lines = [f"{name:<12}{value}" for name, value in facts.items() if value is not None]
    return "\n".join([*table, *([""] if table else []), *lines])


def quiet_libraries() -> None:
    """Keep the tips and warnings named above away from the terminal; whatever else is said is still heard."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in _EXPECTED:
        warnings.filterwarnings("ignore", message=message)


def _metrics_table(metrics: Mapping[str, float]) -> list[str]:
    """A row a metric, a column a set."""
    splits = [split for split in _SPLITS if any(name.startswith(f"{split}/") for name in metrics)]
    if not splits:
        return []
    names = dict.fromkeys(name.split("/", 1)[1] for name in metrics if "/" in name)
    heads = {"test": "test", "val": "validation", "train": "training"}
    lines = [f"{'':<12}" + "".join(f"{heads[split]:>12}" for split in splits)]
    for name in names:
        cells = [metrics.get(f"{split}/{name}") for split in splits]
        lines.append(f"{name:<12}" + "".join(f"{'' if cell is None else f'{cell:.4g}':>12}" for cell in cells))
    return lines


def _whole(number: int | None) -> str | None:
    return None if number is None else f"{number:,}"


def from_here(folder: Path) -> Path:
    """The folder as one would type it: relative where it lies below the working directory."""
    here = Path.cwd()
    absolute = folder.absolute()
    return absolute.relative_to(here) if absolute.is_relative_to(here) else absolute


def _logdir(folder: Path) -> Path:
    """`outputs` for a run below it, so that all runs are side by side; else the run's own folder."""
    parts = folder.parts
    return Path(*parts[: parts.index("outputs") + 1]) if "outputs" in parts else folder
