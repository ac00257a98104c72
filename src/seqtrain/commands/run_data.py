"""The data of a run, read again as it was for the training."""

from typing import TYPE_CHECKING

from omegaconf import DictConfig

if TYPE_CHECKING:
    from seqtrain.loading import Data
    from seqtrain.trained import Trained


def load_run_data(trained: "Trained", node: DictConfig) -> "Data":
    """The data of a config node, split by the run's own seed. WrongInput: the files are not there, or not right."""
    from seqtrain.build import check_settings
    from seqtrain.loading import load_data
    from seqtrain.parts import Run, prepare_data
    from seqtrain.stored_config import part_of

    recipes = prepare_data(node)
    seed = check_settings(Run, {"seed": 0 if (seed := part_of(trained.config, "seed")) is None else seed})["seed"]
    assert isinstance(seed, int)
    return load_data(recipes["data"](), recipes["loading"](), seed=seed)
