"""What a run's folder, or a shared one, holds of a trained model: its config, spec and weights, read as data."""

from pathlib import Path
from typing import Any

from torch import Tensor

from seqtrain.batch import Spec, spec_from_plain
from seqtrain.checkpoints import read_checkpoint, stored_digest
from seqtrain.errors import WrongInput
from seqtrain.export.shared import StoredModel, check_spec, is_shared, read_shared, weights_sha256
from seqtrain.run_folder import RunFolder
from seqtrain.stored_config import read_stored_config


def read_model(place: Path) -> StoredModel:
    """The model of a run's best epoch, or of a shared folder. Nothing is unpickled, and no class is built.

    Raises WrongInput where the folder holds no run, no whole checkpoint or no whole export.
    """
    if is_shared(place):
        return read_shared(place)
    folder = RunFolder(place)
    config = read_stored_config(folder.config)
    return StoredModel(config, *read_weights(_best(folder)))


def read_weights(path: Path) -> tuple[Spec, dict[str, Tensor]]:
    """The spec and the network's weights of a checkpoint. Raises WrongInput where it has none, or is not whole."""
    checkpoint = read_checkpoint(path)
    spec = _spec(checkpoint, path)
    weights = checkpoint.get("state_dict")
    if not isinstance(weights, dict) or not all(isinstance(tensor, Tensor) for tensor in weights.values()):
        raise WrongInput(f"{path} holds no weights: train the model again")
    prefix = "network."
    return spec, {name[len(prefix) :]: each for name, each in weights.items() if name.startswith(prefix)}


def model_sha256(place: Path) -> str:
    """The SHA-256 that the model's file says it has. Raises WrongInput as `read_model` does."""
    return weights_sha256(place) if is_shared(place) else stored_digest(_best(RunFolder(place)))


def _best(folder: RunFolder) -> Path:
    if not folder.config.is_file():
        read_stored_config(folder.config)  # says that it is no run
    if not folder.best.is_file():
        ended = folder.read_result()
        status, cause = ended.get("status", "running"), ended.get("cause", "")
        why = f"its status is {status}" + (f" ({cause})" if cause else ", and no epoch was validated yet")
        raise WrongInput(f"{folder.path} has no {folder.best.relative_to(folder.path)}: {why}")
    return folder.best


def _spec(checkpoint: dict[str, Any], path: Path) -> Spec:
    try:
        spec = spec_from_plain(checkpoint["seqtrain"]["spec"])
    except (KeyError, TypeError, ValueError) as error:
        raise WrongInput(f"{path} does not say what data it was trained on: train the model again") from error
    check_spec(spec, path)
    return spec
