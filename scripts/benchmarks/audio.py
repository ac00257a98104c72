"""How long recordings take to become log-mel spectrograms, first and again; needs the spoken digits (data=fsdd)."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from seqtrain.commands.arguments import read_arguments
from seqtrain.commands.trials import check_trials
from seqtrain.parts import prepare_parts


def audio() -> list[dict[str, Any]]:
    """Seconds until the data is ready, from files and then from the store."""
    with TemporaryDirectory() as cache:
        first, count = _ready(Path(cache))
        again, _ = _ready(Path(cache))
    return [
        {"recordings": count, "data ready": "first time", "s": first, "a second": count / first, "of the first": 1.0},
        {
            "recordings": count,
            "data ready": "again",
            "s": again,
            "a second": count / again,
            "of the first": again / first,
        },
    ]


def _ready(cache: Path) -> tuple[float, int]:
    config = check_trials(read_arguments(["data=fsdd", "model=conv1d", f"data.cache={cache}"])).every[0].config
    began = time.perf_counter()
    sets = prepare_parts(config).data().load(0)
    seconds = time.perf_counter() - began
    return seconds, sum(len(part) for part in (sets.train, sets.val, sets.test) if part is not None)
