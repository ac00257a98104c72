"""Compose configs and train in this process, as the train command does."""

from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from seqtrain.parts import prepare_parts
from seqtrain.training_run import train

CONFIGS = Path(__file__).parents[1] / "configs"

SMALL = {
    "sincos": ["data.train_size=40", "data.val_size=8", "data.test_size=8"],
    "mel": ["data.train_size=30", "data.test_size=10"],
    "sketch": ["data.train_size=30", "data.test_size=10"],
}
LIGHT = {  # of models that take long as their papers have them
    "fcn": ["model.channels=[8,16,8]"],
    "resnet1d": ["model.channels=[8,16,16]"],
    "inception": ["model.filters=4", "model.bottleneck=4"],
    "lstm_fcn": ["model.channels=[8,16,8]"],
    "tcn": ["model.channels=[8,8,8]"],
    "minirocket": ["model.features=500"],
}
QUICK = ["trainer.max_epochs=1", "trainer.progress=false", "logger=csv"]


def choices(group: str) -> list[str]:
    """What a group has, such as every model."""
    return sorted(path.stem for path in (CONFIGS / group).glob("*.yaml"))


def light(model: str) -> list[str]:
    """Overrides that choose a model, in a size for tests."""
    return [f"model={model}", *LIGHT.get(model, [])]


def composed(*overrides: str) -> DictConfig:
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        return compose("train", list(overrides))


def trained(folder: Path, *overrides: str) -> dict[str, Any]:
    """Train in a folder; what its result.json says."""
    config = composed(*overrides)
    return train(prepare_parts(config), folder, config=OmegaConf.to_yaml(config), overrides=list(overrides))
