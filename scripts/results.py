"""Gather finished sweeps into the tables of docs/results.md and README.md.

    python train.py -m experiment=sincos_rnn seed=0,1,2 sweep=sincos_rnn      # for every experiment, then
    python scripts/results.py outputs/sweeps/*

Prints a Markdown table: a row a sweep, its metric's mean over the seeds, each seed, what validation said, seconds
of a run, updates and parameters.
"""

import json
import sys
from pathlib import Path
from statistics import mean
from typing import Any

METRICS = ("accuracy", "mse")  # the first that a run has


def main(folders: list[Path]) -> None:
    print("| sweep | metric | test, mean | test, each seed | validation, each seed | seconds | updates | parameters |")
    print("|---|---|---|---|---|---|---|---|")
    for folder in folders:
        results = [json.loads(path.read_text()) for path in sorted(folder.glob("*/result.json"))]
        runs = sorted((run for run in results if run["status"] == "completed"), key=lambda run: int(run["seed"]))
        if runs:
            print(row(folder.name, runs, unfinished=len(results) - len(runs)))


def row(name: str, runs: list[dict[str, Any]], *, unfinished: int) -> str:
    metric = next(metric for metric in METRICS if f"test/{metric}" in runs[0]["metrics"])
    test = [run["metrics"][f"test/{metric}"] for run in runs]
    val = [run["metrics"][f"val/{metric}"] for run in runs]
    seconds = [run["seconds"] for run in runs]
    cells = [
        name + (f" ({unfinished} unfinished)" if unfinished else ""),
        metric,
        f"**{shown(mean(test), metric)}**",
        " ".join(shown(value, metric) for value in test),
        " ".join(shown(value, metric) for value in val),
        f"{min(seconds):.0f}–{max(seconds):.0f}",
        f"{runs[0]['steps']:,}",
        f"{runs[0]['parameters']:,}",
    ]
    return f"| {' | '.join(cells)} |"


def shown(value: float, metric: str) -> str:
    return f"{100 * value:.2f}%" if metric == "accuracy" else f"{value:.2e}"


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main([Path(folder) for folder in sys.argv[1:]])
