"""`seqtrain compare`: runs and sweeps side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from seqtrain.commands.run_folders import file_name
from seqtrain.commands.run_words import read_words
from seqtrain.comparison.by_data import by_data
from seqtrain.comparison.cells import ended
from seqtrain.comparison.files import write_comparison
from seqtrain.comparison.metric import choose_metric
from seqtrain.comparison.ranking import rank
from seqtrain.comparison.runs import Run, find_runs, is_run, read_run
from seqtrain.comparison.table import terminal_table
from seqtrain.errors import WrongInput

_HELP = """seqtrain compare says which settings reach what, and which difference is more than chance.

usage: seqtrain compare PATH … [key=value …]

Each PATH is a run's folder, or one that has runs below it. Runs that differ in nothing but seed or fold are one group:
mean, 95% interval (Student's t) and n. Each group is tested against the best on the seeds or folds that both have, and
p is corrected for the number of groups (Holm): paired t, from 10 pairs on Wilcoxon's signed-rank; over folds the t
corrected for their common training sequences (Nadeau and Bengio, 2003). Runs that did not complete are in no mean.
Runs of several data sets are compared a data set at a time.

  seqtrain compare outputs/sweeps/cells
  seqtrain compare outputs/sweeps/cells outputs/runs/mel-gru metric=test/f1 output=comparison

Settings:
  metric=test/accuracy   default: accuracy or rmse of the test set, or else of the validation set, or else the loss
  mode=auto              min or max, for a metric of your own: whether less or more of it is better
  output=FOLDER          for compare.csv, compare.md and compare.png, or compare-DATA.csv and so on for each data set;
                         default: the first PATH that is no run itself, or outputs/compare"""


class Settings:
    """What `key=value` may say; see the help."""

    def __init__(
        self,
        *,
        metric: str | None = None,
        mode: Literal["auto", "min", "max"] = "auto",
        output: str | None = None,
    ) -> None:
        self.metric = metric
        self.mode = mode
        self.output = output


def main(typed: list[str]) -> int:
    """Compare what was typed; the exit status. WrongInput: a mistake in it, or nothing to compare."""
    if not typed or {"-h", "--help"} & set(typed):
        print(_HELP)
        return 0
    words, settings = read_words(typed, Settings, "compare")
    if not words:
        raise WrongInput("compare needs a PATH, of a run or a sweep, before its key=value")
    paths = [Path(word).expanduser() for word in words]
    runs = [read_run(folder) for folder in find_runs(paths)]
    if not any(run.status == "completed" for run in runs):
        raise WrongInput(_none_completed(runs))
    folder = Path(settings.output).expanduser() if settings.output else _folder(paths)
    sets = by_data(runs)
    if len(sets) == 1:
        _compare(runs, settings, folder, data=next(iter(sets)), name="compare")
        return 0
    wrong = False
    for name, its in sets.items():
        print(f"{name}\n")
        try:
            _compare(its, settings, folder, data=name, name=f"compare-{file_name(name)}")
        except WrongInput as error:
            wrong = True
            print(error)
        print()
    for run in runs:
        if run.status == "unreadable":
            print(f"left out: {run.folder}: {ended(run)}")
    return 2 if wrong else 0


def _compare(runs: Sequence[Run], settings: Settings, folder: Path, *, data: str, name: str) -> None:
    """Tell how runs of one data set compare, and write it. WrongInput: there is nothing to compare, or not by that."""
    completed = [run for run in runs if run.status == "completed"]
    if not completed:
        raise WrongInput(_none_completed(runs))
    ranking = rank(runs, choose_metric(completed, settings.metric, settings.mode))
    print(terminal_table(ranking))
    write_comparison(ranking, folder, data=data, name=name)
    print(f"\n{folder}: {name}.csv, {name}.md, {name}.png")


def _folder(paths: Sequence[Path]) -> Path:
    return next((path for path in paths if not is_run(path)), Path("outputs") / "compare")


def _none_completed(runs: Sequence[Run]) -> str:
    told = [f"{run.folder}: {run.status}{', ' + run.cause if run.cause else ''}" for run in runs[:3]]
    return "\n".join([f"none of {len(runs)} runs completed:", *told])
