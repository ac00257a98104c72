"""Groups of runs in order, each with its mean, interval and test against the best; and what to know beside them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from seqtrain.comparison.groups import CLASS, Group, differing, group_runs
from seqtrain.comparison.metric import Metric, is_finite
from seqtrain.comparison.runs import Run
from seqtrain.comparison.statistics import Estimate, Paired, estimate, holm, paired_test
from seqtrain.errors import WrongInput

_TESTS = {
    "paired t": "paired t test over seeds",
    "corrected t": "t test over folds, corrected for what they share (Nadeau and Bengio, 2003)",
    "Wilcoxon": "Wilcoxon's signed-rank test over seeds",
}


@dataclass(frozen=True)
class Row:
    """A group in the ranking. Without a completed run it has no estimate, without pairs no test."""

    group: Group
    estimate: Estimate | None
    test: Paired | None


@dataclass(frozen=True)
class Ranking:
    """All that is told of some runs."""

    metric: Metric
    rows: tuple[Row, ...]  # the best first, those without a completed run last
    columns: tuple[str, ...]  # full names of the settings that differ
    notes: tuple[str, ...]  # a sentence each
    left_out: tuple[Run, ...]  # in no mean


def rank(runs: Sequence[Run], metric: Metric) -> Ranking:
    """Rank the groups that some runs form.

    Args:
        runs: in any state, of one data set (see `by_data`); those that completed have the metric.
        metric: what they are compared by. A run where it is not finite counts as failed.

    Raises WrongInput where it is finite in none.
    """
    checked = [
        replace(run, status="failed", cause=f"{metric.name} is {run.metrics[metric.name]}")
        if run.status == "completed" and not is_finite(run, metric)
        else run
        for run in runs
    ]
    rows = _tested(_sorted(group_runs(checked), metric), metric)
    if rows[0].estimate is None:
        raise WrongInput(f"{metric.name} is a finite number in no completed run: choose another metric")
    return Ranking(
        metric=metric,
        rows=tuple(rows),
        columns=tuple(differing([row.group for row in rows]) or [f"model{CLASS}"]),
        notes=tuple(_notes(checked, rows)),
        left_out=tuple(run for run in checked if run.status != "completed"),
    )


def _sorted(groups: Iterable[Group], metric: Metric) -> list[Row]:
    rows = []
    for group in groups:
        values = list(group.values(metric.name).values())
        rows.append(Row(group, estimate(values, group.folds) if values else None, None))
    sign = 1 if metric.less_is_better else -1
    return sorted(rows, key=lambda row: (row.estimate is None, sign * row.estimate.mean if row.estimate else 0.0))


def _tested(rows: Sequence[Row], metric: Metric) -> list[Row]:
    """Each group against the first, corrected for how many there are."""
    best, *others = rows
    values = best.group.values(metric.name)
    tests = [_test(best.group, values, row.group, metric) for row in others]
    said = [test.p for test in tests if test is not None and test.p is not None]
    corrected = iter(holm(said))
    for index, test in enumerate(tests):
        if test is not None and test.p is not None:
            tests[index] = replace(test, holm=next(corrected))
    return [best, *(replace(row, test=test) for row, test in zip(others, tests, strict=True))]


def _test(best: Group, values: dict[object, float], other: Group, metric: Metric) -> Paired | None:
    if best.folds != other.folds:  # fold 2 of 5 is not fold 2 of 10
        return None
    return paired_test(values, other.values(metric.name), best.folds)


def _notes(runs: Sequence[Run], rows: Sequence[Row]) -> list[str]:
    counts = Counter(run.status for run in runs)
    told = [f"{_count(len(runs), 'run')} in {_count(len(rows), 'group')}: {_listed(counts)}"]
    tests = [row.test for row in rows if row.test is not None]
    if tests:
        names = [_TESTS[name] for name in dict.fromkeys(test.name for test in tests)]
        count = sum(test.holm is not None for test in tests)
        told.append(f"p: {'; '.join(names)}; against the best, Holm-corrected for {_count(count, 'comparison')}")
        if any(test.pairs < row.estimate.n for row in rows if (test := row.test) and row.estimate):
            told.append("p is over fewer pairs than n where the best lacks a seed or fold: see pairs in compare.csv")
    if any(row.estimate is not None and row.estimate.half is None for row in rows):
        told.append("no interval where n is 1: train more seeds")
    repeated = sum(len(row.group.repeated) for row in rows)
    if repeated:
        told.append(f"{_count(repeated, 'run')} of a seed and fold that a newer run repeats: the newest counts")
    return told + _versions([run for row in rows for run in row.group.completed])


def _versions(runs: Sequence[Run]) -> list[str]:
    """Whether the runs that are compared were made by the same code."""
    told = []
    commits = Counter(str(run.result.get("git_commit"))[:8] for run in runs)
    if len(commits) > 1:
        told.append(f"runs of {len(commits)} commits: {_listed(commits)}")
    for package in ("seqtrain", "torch"):
        versions = Counter(str((run.result.get("versions") or {}).get(package)) for run in runs)
        if len(versions) > 1:
            told.append(f"runs of {len(versions)} versions of {package}: {_listed(versions)}")
    return told


def _listed(counts: Counter[str]) -> str:
    """`11 completed, 1 failed`; of commits and versions the same."""
    most = counts.most_common(5)
    return ", ".join(f"{count} {name}" for name, count in most) + (", …" if len(counts) > len(most) else "")


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
