"""The words of a ranking's rows: the same on the terminal, in Markdown and in the figure."""

from collections.abc import Mapping, Sequence

from seqtrain.comparison.groups import Group, shown_value
from seqtrain.comparison.ranking import Ranking, Row
from seqtrain.comparison.runs import Run

NOTHING = "–"


def number_heads(ranking: Ranking) -> list[str]:
    """What stands over the columns after the settings."""
    lost = ["left out"] if ranking.left_out else []
    return [ranking.metric.name, "± 95%", "n", *lost, "p", "seconds", "parameters"]


def number_cells(ranking: Ranking, row: Row) -> list[str]:
    """A row's cells under them: the mean with four digits, half its interval with two, p corrected."""
    group, found = row.group, row.estimate
    seconds, parameters = group.mean("seconds"), group.mean("parameters")
    lost = len(group.unfinished) + len(group.failed)
    return [
        NOTHING if found is None else digits(found.mean, 4),
        NOTHING if found is None or found.half is None else digits(found.half, 2),
        "0" if found is None else str(found.n),
        *([str(lost or "")] if ranking.left_out else []),
        "best" if row is ranking.rows[0] else _p(row),
        NOTHING if seconds is None else f"{seconds:,.1f}",
        NOTHING if parameters is None else f"{parameters:,.0f}",
    ]


def digits(number: float, count: int) -> str:
    """`0.9140`: with so many digits that count, zeros too."""
    return f"{number:#.{count}g}".removesuffix(".")


def group_label(group: Group, names: Sequence[str], short: Mapping[str, str]) -> str:
    """`lstm, hidden 64`: the settings that tell a group from others; words speak for themselves."""
    told = []
    for name in names:
        value = group.told.get(name)
        if value is not None:
            text = cut(shown_value(name, value))
            told.append(text if isinstance(value, str) and text[0].isalpha() else f"{short[name]} {text}")
    return ", ".join(told)


def ended(run: Run) -> str:
    """How a run that is in no mean ended."""
    return run.status + (f", {cut(run.cause, 160)}" if run.cause else "")


def cut(text: str, limit: int = 18) -> str:
    """A value as a cell can hold it: on one line, its end left out where it is too long."""
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _p(row: Row) -> str:
    if row.test is None or row.test.holm is None:
        return NOTHING
    return "<0.0001" if row.test.holm < 0.0001 else f"{row.test.holm:.4f}"
