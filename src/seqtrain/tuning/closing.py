"""What a search says: where it stands, how its best does, what mattered, and the line that trains the best."""

import shlex
from collections.abc import Callable, Mapping, Sequence

from seqtrain.report import from_here
from seqtrain.sweeps.trial import Trial
from seqtrain.tuning.figures import draw_search
from seqtrain.tuning.importance import FEWEST, importance
from seqtrain.tuning.study import Study

Make = Callable[[int, Mapping[str, str]], Trial]


def opening_words(study: Study, total: int) -> str:
    """Where the search is, and how far."""
    left = max(total - len(study.trials()), 0)
    return f"{from_here(study.folder)}: {total} trials, {_counts(study)}, {left} to train"


def value_words(study: Study, value: float) -> str:
    """A trial's value beside the best so far, after it was told."""
    name, best = study.plan.monitor, study.best()
    if best is None or best.value is None or best.value == value:
        return f"{name} {value:.4g}, the best so far"
    return f"{name} {value:.4g} (best so far {best.value:.4g}, trial {best.number})"


def closing_words(study: Study, make: Make, line: Sequence[str]) -> str:
    """The end of a search; draws its figures.

    Args:
        study: of which no trial is left.
        make: of a trial's number and settings, as on the command line, the trial.
        line: the words that train the config without what is searched.
    """
    lines = [f"\n{from_here(study.folder)}: {len(study.trials())} trials, {_counts(study)}"]
    failed = [trial for trial in study.trials() if trial.state.name == "FAIL"]
    lines += [f"  trial {each.number} failed: {each.user_attrs.get('cause', '')}" for each in failed[:3]]
    lines += [f"  and {len(failed) - 3} more"] if len(failed) > 3 else []
    shares = importance(study)
    files = draw_search(study, shares)
    best = study.best()
    if best is None or best.value is None:
        return "\n".join([*lines, "no trial was completed"])
    settings = study.settings(best)
    trial = make(best.number, settings)
    facts = {
        "best": f"trial {best.number}, {study.plan.monitor} {best.value:.4g}",
        "its folder": str(from_here(trial.folder)),
        "importance": ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
        or f"told from {FEWEST} completed trials on",
        "figures": ", ".join(file.name for file in files),
        "compare": f"seqtrain compare {shlex.quote(str(from_here(study.folder)))}",
        "train it": shlex.join(["seqtrain", "train", *line, *(f"{name}={text}" for name, text in settings.items())]),
    }
    return "\n".join([*lines, *(f"{name:<12}{value}" for name, value in facts.items())])


def _counts(study: Study) -> str:
    said = {"complete": "completed", "pruned": "pruned", "fail": "failed", "running": "running or stopped"}
    counts = {word: study.count(state) for state, word in said.items()}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count or word == "completed")
