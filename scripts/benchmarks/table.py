"""Measured cases as rows of Markdown."""

from typing import Any

_TITLES = ["case", "what", "bare, µs", "seqtrain / bare, CPU", "wall", "aim", "Lightning / bare", "peak MiB", "loss"]


def titles() -> str:
    return f"| {' | '.join(_TITLES)} |\n|{'---|' * len(_TITLES)}"


def row(found: dict[str, Any]) -> list[str]:
    """A line each for training, evaluation and prediction."""
    lines = []
    for part, most in (("training", found["most"]), ("evaluation", 1.05), ("prediction", 1.05)):
        told = found[part]
        lightning = told["cpu ratio"].get("lightning")
        cells = [
            found["case"],
            part,
            f"{told['cpu µs']['bare']:,.0f}",
            _three(told["cpu ratio"]["seqtrain"]),
            _three(told["wall ratio"]["seqtrain"]) if "wall ratio" in told else "",
            f"{most:.2f}",
            _three(lightning) if lightning else "",
            _sides(found.get("memory", {}), "{:,.0f}") if part == "training" else "",
            _sides(found["loss"], "{:.4g}") if part == "training" else "",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _three(ratios: list[float]) -> str:
    """Least, median, most."""
    return " / ".join(f"{ratio:.2f}" for ratio in ratios)


def _sides(values: dict[str, float], shape: str) -> str:
    return ", ".join(shape.format(value) for value in values.values())


def plain(rows: list[dict[str, Any]]) -> list[str]:
    """Rows of the same columns, as they are."""
    lines = [f"| {' | '.join(rows[0])} |", f"|{'---|' * len(rows[0])}"]
    return lines + [f"| {' | '.join(_cell(value) for value in each.values())} |" for each in rows]


def _cell(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else "-" if value is None else str(value)
