"""The articles that the project began with: updates and seconds until a model makes cosine of sine as well as theirs.

    python scripts/benchmark.py articles

Theirs are errors on the training sequence, of ten points a half period; ours are on unseen phases, after each epoch. A
schedule ends where the training ends, so a training of a quarter or half of their updates is a run of its own.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from omegaconf import OmegaConf

from benchmarks.terminal import terminal
from seqtrain.commands.arguments import read_arguments
from seqtrain.commands.trials import check_trials
from seqtrain.parts import prepare_parts
from seqtrain.training_run import train

SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Mark:
    """Args:
    mse: what is to be reached.
    theirs: epochs, of one update each, in which the article did.
    updates: of our training.
    """

    experiment: str
    mse: float
    theirs: int
    updates: int


MARKS = (
    Mark("sincos_rnn", 3.13e-4, 460, 115),
    Mark("sincos_lstm", 4e-6, 1980, 990),
    Mark("sincos_lstm", 4e-7, 1980, 1980),
)


def articles() -> list[dict[str, Any]]:
    """A row for each mark and seed."""
    return [_one(mark, seed) for mark in MARKS for seed in SEEDS]


def _one(mark: Mark, seed: int) -> dict[str, Any]:
    words = [f"experiment={mark.experiment}", f"trainer.max_steps={mark.updates}", f"seed={seed}", "logger=none"]
    config = check_trials(read_arguments(words)).every[0].config
    with TemporaryDirectory() as place, terminal():
        folder = Path(place) / "run"
        result = train(prepare_parts(config), folder, config=OmegaConf.to_yaml(config), overrides=words)
        with (folder / "metrics.csv").open(newline="") as file:
            rows = [(int(row["step"]), float(row["val/mse"])) for row in csv.DictReader(file)]
    return {
        "experiment": mark.experiment,
        "seed": seed,
        "aim": mark.mse,
        "article, epochs": mark.theirs,
        "updates until then": next((step for step, mse in rows if mse <= mark.mse), None),
        "of": mark.updates,
        "test MSE": result["metrics"]["test/mse"],
        "seconds": result["seconds"],
    }
