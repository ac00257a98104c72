"""Run folders as a training leaves them, made without one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

CONFIG = {
    "seed": 0,
    "threads": 1,
    "task": {"_target_": "seqtrain.tasks.Classification", "read": "auto"},
    "data": {
        "_target_": "seqtrain.datasets.mel.Mel",
        "root": "${oc.env:SEQTRAIN_DATA,data}",
        "fold": None,
        "folds": None,
    },
    "model": {"_target_": "seqtrain.models.recurrent.Recurrent", "cell": "lstm", "hidden": 64},
    "optimizer": {"_target_": "seqtrain.optimizers.Adam", "lr": 0.001},
    "trainer": {"_target_": "seqtrain.training.Training", "max_epochs": 3, "every": "${trainer.max_epochs}"},
    "callbacks": {},
    "logger": {"_target_": "seqtrain.loggers.TensorBoard", "flush_secs": 10},
}


def make_run(
    folder: Path,
    settings: Mapping[str, Any] = {},
    metrics: Mapping[str, float] = {},
    *,
    losses: tuple[float, ...] = (),
    **result: Any,
) -> Path:
    """A run with these settings by their full names; completed unless `status` says otherwise.

    Args:
        folder: where it is made.
        settings: what differs from CONFIG; a `model` is a whole node.
        metrics: of result.json.
        losses: val/loss of each epoch, from 1.
        result: what else result.json says.
    """
    config = OmegaConf.create(CONFIG)
    for name, value in settings.items():
        OmegaConf.update(config, name, value, merge=False, force_add=True)
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "config.yaml").write_text(OmegaConf.to_yaml(config))
    told = {"status": "completed", "metrics": dict(metrics), "seconds": 2.0, "parameters": 100, "date": "2026-01-31"}
    (folder / "result.json").write_text(json.dumps(told | result))
    rows = [f"{epoch},{loss}\n" for epoch, loss in enumerate(losses, 1)]
    (folder / "metrics.csv").write_text("".join(["epoch,val/loss\n", *rows]))
    return folder
