"""A ranking on the terminal."""

import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from seqtrain.comparison.cells import cut, ended, number_cells, number_heads
from seqtrain.comparison.groups import short_names, shown_value, telling
from seqtrain.comparison.ranking import Ranking, Row

_WIDTH = 80  # columns of a terminal
_MOST_ROWS, _MOST_RUNS = 40, 10  # shown; the files have all
_GAP = "  "


def terminal_table(ranking: Ranking) -> str:
    """The ranking, within 80 columns where it can be: settings that do not fit and tell nothing more are named below.

    What was left out is named with its cause; of many rows and runs the first are shown, and how many more there are.
    """
    rows = ranking.rows[:_MOST_ROWS]
    numbers = [number_heads(ranking), *(number_cells(ranking, row) for row in rows)]
    names = _fitting(ranking, rows, _WIDTH - _width(numbers) - len(_GAP))
    short = short_names(ranking.columns)
    lines = _aligned(_settings(names, short, rows), numbers)
    if len(ranking.rows) > len(rows):
        lines.append(f"… {len(ranking.rows) - len(rows)} more groups: see compare.md")
    hidden = [short[name] for name in ranking.columns if name not in names]
    notes = [f"they also differ in {', '.join(hidden)}: see compare.md"] if hidden else []
    lines.append("")
    for note in [*notes, *ranking.notes]:
        lines += textwrap.wrap(note, _WIDTH, subsequent_indent=_GAP, break_on_hyphens=False)
    lines += [f"left out: {_from_here(run.folder)}: {ended(run)}" for run in ranking.left_out[:_MOST_RUNS]]
    if len(ranking.left_out) > _MOST_RUNS:
        lines.append(f"left out: {len(ranking.left_out) - _MOST_RUNS} more, see compare.md")
    return "\n".join(lines)


def _fitting(ranking: Ranking, rows: Sequence[Row], room: int) -> list[str]:
    """The settings that tell groups apart, and as many others as there is room for."""
    short = short_names(ranking.columns)
    chosen = telling(ranking.columns, [row.group for row in ranking.rows])
    for name in (each for each in ranking.columns if each not in chosen):
        if _width(_settings([*chosen, name], short, rows)) <= room:
            chosen = [*chosen, name]
    return [name for name in ranking.columns if name in chosen]


def _settings(names: Sequence[str], short: dict[str, str], rows: Sequence[Row]) -> list[list[str]]:
    """The heads of some settings, and a line of values a row."""
    values = [[cut(shown_value(name, row.group.told.get(name))) for name in names] for row in rows]
    return [[short[name] for name in names], *values]


def _aligned(settings: Sequence[Sequence[str]], numbers: Sequence[Sequence[str]]) -> list[str]:
    """Settings begin, and numbers end, under their heads."""
    left, right = _widths(settings), _widths(numbers)
    lines = []
    for texts, figures in zip(settings, numbers, strict=True):
        cells = [f"{text:<{width}}" for text, width in zip(texts, left, strict=True)]
        lines.append(_GAP.join([*cells, *(f"{text:>{width}}" for text, width in zip(figures, right, strict=True))]))
    return lines


def _width(lines: Iterable[Sequence[str]]) -> int:
    widths = _widths(lines)
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _widths(lines: Iterable[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*lines, strict=True)]


def _from_here(folder: Path) -> Path:
    here, absolute = Path.cwd(), folder.absolute()
    return absolute.relative_to(here) if absolute.is_relative_to(here) else absolute
