"""The files of a comparison: compare.csv with every number, compare.md with every setting, compare.png."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from seqtrain.comparison.cells import ended, number_cells, number_heads
from seqtrain.comparison.groups import CLASS, short_names, shown_value
from seqtrain.comparison.ranking import Ranking, Row
from seqtrain.errors import WrongInput

_NUMBERS = ("low", "high", "n", "completed", "unfinished", "failed")
_TESTED = ("test", "pairs", "difference", "p", "p_holm", "seconds", "parameters")


def write_comparison(ranking: Ranking, folder: Path, *, data: str, name: str = "compare") -> None:
    """The three files of that name, for runs on `data`. WrongInput: the folder cannot be written to."""
    from PIL import Image

    from seqtrain.comparison.figure import comparison_figure
    from seqtrain.figures.style import pixels

    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.csv").write_text(csv_table(ranking), encoding="utf-8")
        (folder / f"{name}.md").write_text(markdown_page(ranking, data=data, figure=f"{name}.png"), encoding="utf-8")
        Image.fromarray(pixels(comparison_figure(ranking))).save(folder / f"{name}.png")
    except OSError as error:
        raise WrongInput(f"cannot write to {folder}: {error.strerror}: choose another output=FOLDER") from error


def csv_table(ranking: Ranking) -> str:
    """A row a group, full names, numbers with all their digits; a cell is empty where there is nothing to say.

    `difference` is the mean over the pairs, this group less the best; seconds and parameters are means over the runs.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [name.removesuffix(CLASS) for name in ranking.columns]
    writer.writerow(["rank", *names, ranking.metric.name, *_NUMBERS, *_TESTED])
    for place, row in enumerate(ranking.rows, 1):
        writer.writerow(["" if cell is None else cell for cell in [place, *_cells(ranking, row)]])
    return text.getvalue()


def markdown_page(ranking: Ranking, *, data: str, figure: str = "compare.png") -> str:
    """The ranking with every setting that differs, the notes, every run that was left out, and the figure."""
    short = short_names(ranking.columns)
    heads = [*(short[name] for name in ranking.columns), *number_heads(ranking)]
    lines = [f"# {ranking.metric.name} on {data}", "", _bar(heads), _bar(["---"] * len(heads))]
    for row in ranking.rows:
        settings = [shown_value(name, row.group.told.get(name)) for name in ranking.columns]
        lines.append(_bar([*settings, *number_cells(ranking, row)]))
    lines += ["", *(f"- {note}" for note in ranking.notes)]
    lines += [f"- left out: {run.folder}: {ended(run)}" for run in ranking.left_out]
    return "\n".join([*lines, "", f"![Loss curves and ranking]({figure})", ""])


def _cells(ranking: Ranking, row: Row) -> list[object]:
    group, found, test = row.group, row.estimate, row.test
    mean = [None] * 4 if found is None else [found.mean, found.low, found.high, found.n]
    tested = [None] * 5 if test is None else [test.name, test.pairs, test.difference, test.p, test.holm]
    parameters = group.mean("parameters")
    return [
        *(group.told.get(name) for name in ranking.columns),
        *mean,
        *(len(group.completed), len(group.unfinished), len(group.failed)),
        *tested,
        group.mean("seconds"),
        int(parameters) if parameters is not None and parameters.is_integer() else parameters,
    ]


def _bar(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
