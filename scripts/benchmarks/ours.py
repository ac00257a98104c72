"""seqtrain's side: what `seqtrain train` calls, with logging, metrics, checkpoints, figures and progress bar on."""

import csv
from pathlib import Path
from typing import Any
from unittest.mock import patch

from omegaconf import OmegaConf

from benchmarks.case import Case
from benchmarks.hooks import Hooks
from benchmarks.side import Side, turns_of
from seqtrain import training_run
from seqtrain.fitting import Fit, make_fit
from seqtrain.parts import prepare_parts


def seqtrain(case: Case, side: Side, folder: Path) -> None:
    """One run in a folder."""

    def timed(*args: Any, **settings: Any) -> Fit:
        fit = make_fit(*args, **settings)
        calls = len(turns_of(fit.learner.steps_per_epoch))
        fit.trainer.callbacks.append(Hooks(side, every=1, last=calls))
        step = fit.learner._step

        def kept(*group: Any) -> float:
            side.losses.append(step(*group))
            return side.losses[-1]

        fit.learner._step = kept  # type: ignore[method-assign]
        return fit

    with patch.object(training_run, "make_fit", timed):
        settings = list(case.settings)
        training_run.train(
            prepare_parts(case.config), folder, config=OmegaConf.to_yaml(case.config), overrides=settings
        )
    with (folder / "metrics.csv").open(newline="") as file:
        side.last_loss = float(list(csv.DictReader(file))[-1]["train/loss"])
