"""Rows of docs/results.md for the sweeps of single experiments, as `python train.py -m experiment=NAME seed=0,1,2`."""

import json
import sys
from pathlib import Path
from statistics import mean
from typing import Any

METRICS = ("accuracy", "scaled/rmse", "mse")  # the first that a run has


def print_rows(words: list[str]) -> int:
    """A table with a row for each folder of a sweep among the words; metric=NAME among them chooses the metric."""
    metrics = tuple(word.removeprefix("metric=") for word in words if word.startswith("metric=")) or METRICS
    print("| sweep | metric | test, mean | test, each seed | validation, each seed | seconds | updates | parameters |")
    print("|---|---|---|---|---|---|---|---|")
    for folder in (Path(word) for word in words if not word.startswith("metric=")):
        results = [json.loads(path.read_text()) for path in sorted(folder.glob("*/result.json"))]
        runs = sorted((run for run in results if run["status"] == "completed"), key=lambda run: int(run["seed"]))
        if runs:
            print(row(folder.name, runs, metrics, unfinished=len(results) - len(runs)))
    return 0


def row(name: str, runs: list[dict[str, Any]], metrics: tuple[str, ...], *, unfinished: int) -> str:
    metric = next((metric for metric in metrics if f"test/{metric}" in runs[0]["metrics"]), None)
    if metric is None:
        sys.exit(f"{name} has no {' or '.join(metrics)}, only {', '.join(sorted(runs[0]['metrics']))}")
    test = [run["metrics"][f"test/{metric}"] for run in runs]
    val = [run["metrics"][f"val/{metric}"] for run in runs if f"val/{metric}" in run["metrics"]]
    seconds = [run["seconds"] for run in runs]
    cells = [
        name + (f" ({unfinished} unfinished)" if unfinished else ""),
        metric,
        f"**{shown(mean(test), metric)}**",
        " ".join(shown(value, metric) for value in test),
        " ".join(shown(value, metric) for value in val) or "none",
        f"{min(seconds):.0f}–{max(seconds):.0f}",
        f"{runs[0]['steps']:,}",
        f"{runs[0]['parameters']:,}",
    ]
    return f"| {' | '.join(cells)} |"


def shown(value: float, metric: str) -> str:
    return f"{100 * value:.2f}%" if metric == "accuracy" else f"{value:#.3g}"
