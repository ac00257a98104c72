"""A ranking as text: a table for the terminal, CSV with every number, Markdown with every column."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from seqtrain.comparison.groups import Group, short_names, shown_value, telling
from seqtrain.comparison.ranking import Ranking, Row
from seqtrain.comparison.runs import Run

_WIDTH = 80  # columns of a terminal
_LONGEST = 18  # characters of a value on it
_MOST_ROWS, _MOST_RUNS = 40, 10  # on the terminal; the files have all


def terminal_table(ranking: Ranking) -> str:
    """The ranking within 80 columns where it can be: settings that do not fit and tell nothing more are named below."""
    rows = ranking.rows[:_MOST_ROWS]
    figures = [_figures(ranking, row) for row in rows]
    heads = _heads(ranking)
    room = _WIDTH - sum(2 + width for width in _widths(heads, figures))
    names = _fitting(ranking, rows, room)
    short = short_names(ranking.columns)
    settings = [[_cut(shown_value(name, row.group.settings.get(name))) for name in names] for row in rows]
    lines = _aligned([short[name] for name in names], settings, heads, figures)
    more = len(ranking.rows) - len(rows)
    lines += [f"… {more} more in compare.md"] if more else []
    hidden = [short[name] for name in ranking.columns if name not in names]
    lines += ["", *(f"they also differ in {', '.join(hidden)}: see compare.md" for _ in hidden[:1]), *ranking.notes]
    return "\n".join([*lines, *_left_out(ranking.left_out[:_MOST_RUNS], len(ranking.left_out))])


def csv_table(ranking: Ranking) -> str:
    """A row a group, full names, numbers with all their digits; a cell is empty where there is nothing to say."""
    names = [name.removesuffix("._target_") for name in ranking.columns]
    heads = ["rank", *names, ranking.metric.name, "low", "high", "n", "completed", "unfinished", "failed"]
    heads += ["test", "pairs", "difference", "p", "p_holm", "seconds", "parameters"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    for place, row in enumerate(ranking.rows, 1):
        group, found, test = row.group, row.estimate, row.test
        settings = [group.settings.get(name) for name in ranking.columns]
        mean = [None] * 4 if found is None else [found.mean, *_bounds(row), found.n]
        counts = [len(group.completed), len(group.unfinished), len(group.failed)]
        tested = [None] * 5 if test is None else [test.name, test.pairs, test.difference, test.p, test.holm]
        costs = [group.mean("seconds"), group.mean("parameters")]
        writer.writerow(["" if cell is None else cell for cell in [place, *settings, *mean, *counts, *tested, *costs]])
    return text.getvalue()


def markdown_page(ranking: Ranking, figure: str) -> str:
    """The ranking with every setting that differs, the notes, what was left out, and the figure."""
    short = short_names(ranking.columns)
    heads = [*(short[name] for name in ranking.columns), *_heads(ranking)]
    lines = [f"# {ranking.metric.name}", "", _bar(heads), _bar(["---"] * len(heads))]
    for row in ranking.rows:
        settings = [shown_value(name, row.group.settings.get(name)) for name in ranking.columns]
        lines.append(_bar([*settings, *_figures(ranking, row)]))
    lines += ["", *(f"- {note}" for note in ranking.notes)]
    lines += [f"- {run.folder}: {_ended(run)}" for run in ranking.left_out]
    return "\n".join([*lines, "", f"![Loss curves and ranking]({figure})", ""])


def group_label(group: Group, names: Sequence[str], short: dict[str, str]) -> str:
    """`lstm, hidden 64`: the settings that tell a group from others; texts speak for themselves."""
    told = []
    for name in names:
        value = group.settings.get(name)
        text = _cut(shown_value(name, value))
        told.append(text if isinstance(value, str) and not text.startswith("[") else f"{short[name]} {text}")
    return ", ".join(told)


def _heads(ranking: Ranking) -> list[str]:
    lost = ["left out"] if ranking.left_out else []
    return [ranking.metric.name, "± 95%", "n", *lost, "p", "seconds", "parameters"]


def _figures(ranking: Ranking, row: Row) -> list[str]:
    """The cells of a row after its settings."""
    group, found = row.group, row.estimate
    seconds, parameters = group.mean("seconds"), group.mean("parameters")
    lost = len(group.unfinished) + len(group.failed)
    return [
        "–" if found is None else f"{found.mean:.4g}",
        "–" if found is None or found.half is None else f"{found.half:.2g}",
        "0" if found is None else str(found.n),
        *([str(lost or "")] if ranking.left_out else []),
        "best" if row is ranking.rows[0] else _p(row),
        "–" if seconds is None else f"{seconds:,.1f}",
        "–" if parameters is None else f"{parameters:,.0f}",
    ]


def _p(row: Row) -> str:
    if row.test is None or row.test.holm is None:
        return "–"
    return "<0.0001" if row.test.holm < 0.0001 else f"{row.test.holm:.4f}"


def _bounds(row: Row) -> tuple[float | None, float | None]:
    found = row.estimate
    return (None, None) if found is None or found.half is None else (found.mean - found.half, found.mean + found.half)


def _fitting(ranking: Ranking, rows: Sequence[Row], room: int) -> list[str]:
    """The settings that tell groups apart, and as many others as there is room for."""
    short = short_names(ranking.columns)
    chosen = telling(ranking.columns, [row.group for row in ranking.rows])
    for name in (each for each in ranking.columns if each not in chosen):
        tried = [*chosen, name]
        cells = [[_cut(shown_value(each, row.group.settings.get(each))) for each in tried] for row in rows]
        if sum(2 + width for width in _widths([short[each] for each in tried], cells)) - 2 <= room:
            chosen = tried
    return [name for name in ranking.columns if name in chosen]


def _aligned(
    left_heads: Sequence[str], left: Sequence[Sequence[str]], heads: Sequence[str], right: Sequence[Sequence[str]]
) -> list[str]:
    """Settings to the left, numbers to the right."""
    widths, numbers = _widths(left_heads, left), _widths(heads, right)
    lines = []
    for texts, figures in zip([left_heads, *left], [heads, *right], strict=True):
        cells = [f"{text:<{width}}" for text, width in zip(texts, widths, strict=True)]
        cells += [f"{text:>{width}}" for text, width in zip(figures, numbers, strict=True)]
        lines.append("  ".join(cells))
    return lines


def _widths(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(heads, *rows, strict=True)]


def _left_out(runs: Sequence[Run], count: int) -> list[str]:
    lines = [f"left out: {_from_here(run.folder)}: {_ended(run)}" for run in runs]
    return [*lines, f"left out: {count - len(runs)} more, see compare.md"] if count > len(runs) else lines


def _ended(run: Run) -> str:
    return run.status + (f", {_cut(run.cause, 160)}" if run.cause else "")


def _from_here(folder: Path) -> Path:
    here, absolute = Path.cwd(), folder.absolute()
    return absolute.relative_to(here) if absolute.is_relative_to(here) else absolute


def _bar(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _cut(text: str, limit: int = _LONGEST) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
