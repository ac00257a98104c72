"""What was reached as Markdown: tables of models beside each other, a row for each data set."""

from collections.abc import Callable, Iterator, Sequence
from statistics import fmean

from compared.reached import Reached, Trial
from compared.sweeps import DataSet, Plan, Sweep
from seqtrain.comparison.statistics import Estimate

Cell = Callable[[Reached, str], str]


def page(plan: Plan, reached: list[Reached], means: list[Reached]) -> str:
    """All tables with their headings; means over several data sets come last in each."""
    rows = [*reached, *means]
    names = [name for models in plan.models for name in models.names]
    tables = [
        table(rows, models.names, _values(models.names), title=_seeds(len(models.seeds)), published=True)
        for models in plan.models
    ]
    tables.append(table(rows, names, _seconds, title="**CPU seconds of a run**"))
    tables.append(table(reached, names, _parameters, title="**Parameters, in thousands**"))
    used = {each.data.source for each in reached}
    sources = [f"- {name}: {text}." for name, text in plan.sources.items() if name in used]
    return "\n\n".join([*tables, "Sources of the published figures:\n\n" + "\n".join(sources)])


def table(rows: list[Reached], models: Sequence[str], cell: Cell, *, title: str, published: bool = False) -> str:
    """A title and a table: a row for each data set, a column for each model, at the end the published figure."""
    heads = ["data", *models, *(["published"] if published else [])]
    lines = [title, "", _line(heads), _line(["---"] * len(heads))]
    for row in rows:
        told = f"{row.data.published} ({row.data.source})" if row.data.published else ""
        lines.append(_line([row.data.name, *(cell(row, model) for model in models), *([told] if published else [])]))
    return "\n".join(lines)


def mean_of(sweep: Sweep, reached: list[Reached]) -> Reached:
    """The mean over a sweep's data sets as one more."""
    parts = [each for each in reached if each.sweep == sweep]
    models = dict.fromkeys(trial.model for part in parts for trial in part.trials)
    trials = tuple(trial for model in models for trial in _means(parts, model))
    return Reached(sweep, DataSet(f"mean of the {len(parts)} {sweep.name}", "", "", ""), trials)


def _means(parts: list[Reached], model: str) -> Iterator[Trial]:
    """For each seed that all data sets have, the mean over them."""
    runs = [{trial.seed: trial for trial in part.of(model)} for part in parts]
    for seed in sorted(set.intersection(*(set(each) for each in runs))):
        trials = [each[seed] for each in runs]
        value, seconds = fmean(trial.value for trial in trials), fmean(trial.cpu_seconds for trial in trials)
        yield Trial(model, seed, value, seconds, max(trial.parameters for trial in trials))


def _seeds(count: int) -> str:
    return "**One seed**" if count == 1 else f"**Mean of {count} seeds, ± half of the 95% interval**"


def _values(models: tuple[str, ...]) -> Cell:
    """Cells of the metric, the best of these models in bold."""

    def cell(row: Reached, model: str) -> str:
        values = {name: value for name in models if (value := row.value(name))}
        if model not in values:
            return "–"
        best = (min if row.lower_is_better else max)(value.mean for value in values.values())
        text = _shown(values[model], percent=not row.lower_is_better)
        return f"**{text}**" if values[model].mean == best else text

    return cell


def _shown(value: Estimate, *, percent: bool) -> str:
    if percent:
        half = "" if value.half is None else f" ± {100 * value.half:.1f}"
        return f"{100 * value.mean:.1f}{half}"
    half = "" if value.half is None else f" ± {value.half:.1g}"
    return f"{value.mean:.4f}{half}"


def _seconds(row: Reached, model: str) -> str:
    trials = row.of(model)
    return f"{fmean(trial.cpu_seconds for trial in trials):.0f}" if trials else "–"


def _parameters(row: Reached, model: str) -> str:
    trials = row.of(model)
    return f"{trials[0].parameters / 1000:,.1f}" if trials else "–"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
