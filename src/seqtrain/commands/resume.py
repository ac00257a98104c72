"""`seqtrain train resume=RUN`: continue a run with its own config, to the same bits as if it had never stopped."""

from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from seqtrain.errors import WrongInput
from seqtrain.identity import matters
from seqtrain.run_folder import RunFolder
from seqtrain.slots import SLOTS
from seqtrain.stored_config import read_stored_config

_MISSING = object()
_EXAMPLES = {"trainer": "trainer.accelerator=cpu", "data": "data.workers=2"}


def resumed_config(folder: Path, overrides: Sequence[str]) -> DictConfig:
    """The run's config with overrides that cannot change its result.

    Raises WrongInput for one that could, or that is no setting of the run.
    """
    config = read_stored_config(RunFolder(folder).config)
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals or key.split(".")[0] not in config:
            raise WrongInput(f"{override} is no setting of the run {folder}: a resumed run has its own config")
        stored = OmegaConf.select(config, key, default=_MISSING)
        if stored is _MISSING:
            raise WrongInput(f"{override} is no setting of the run {folder}: a resumed run has its own config")
        if isinstance(stored, DictConfig) or key in SLOTS:
            raise WrongInput(
                f"{override} chooses another {key}, and a resumed run has its own config: leave it out, or name a "
                f"single setting, such as {_EXAMPLES.get(key, 'trainer.progress=false')}"
            )
        given = OmegaConf.create(f"value: {value}").value
        if matters(key) and given != stored:
            raise WrongInput(
                f"{override} would change the result of {folder}, which has {key}={stored}: "
                "leave it out, or start a new run"
            )
        OmegaConf.update(config, key, given)
    return config


def is_complete(folder: Path) -> bool:
    return RunFolder(folder).read_result().get("status") == "completed"
