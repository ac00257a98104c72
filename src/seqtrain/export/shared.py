"""A trained model as a folder to share: weights as safetensors, everything else as JSON, and nothing that runs.

model.safetensors   the weights, normalising included
seqtrain.json       format, versions, spec (with the class names), config, and the size and SHA-256 of the weights
"""

import hashlib
import json
import os
import re
import struct
from pathlib import Path
from typing import Any, NamedTuple

import torch
from omegaconf import DictConfig, OmegaConf
from pydantic import ValidationError
from torch import Tensor

from seqtrain import __version__
from seqtrain.batch import Spec, spec_from_plain, spec_to_plain
from seqtrain.errors import WrongInput
from seqtrain.network import Network
from seqtrain.run_folder import write_text
from seqtrain.stored_config import checked_config

WEIGHTS = "model.safetensors"
FACTS = "seqtrain.json"
_FORMAT = 1
_MOST_BYTES = 1 << 20  # of seqtrain.json, as of a stored config
_NODES = ("data", "model", "task")  # what a model needs; loggers, say, may hold what is nobody's business
_REFERENCE = re.compile(r"\$\{\s*([A-Za-z_][\w.]*)\s*\}")


class StoredModel(NamedTuple):
    """What such a folder holds, or a run's."""

    config: DictConfig  # unresolved
    spec: Spec
    state: dict[str, Tensor]  # the network's


def is_shared(folder: Path) -> bool:
    return (folder / FACTS).is_file()


def write_shared(network: Network, spec: Spec, config: DictConfig, folder: Path) -> None:
    """Write the folder, and read it back. Raises WrongInput where it cannot be written."""
    from safetensors.torch import save_file

    try:
        folder.mkdir(parents=True, exist_ok=True)
        weights = folder / WEIGHTS
        temporary = folder / f"{WEIGHTS}.tmp"
        state = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in network.state_dict().items()}
        temporary.touch()
        mode = temporary.stat().st_mode  # as other files; save_file makes it the owner's alone
        save_file(state, temporary)
        temporary.chmod(mode)
        facts = {
            "format": _FORMAT,
            "versions": {"seqtrain": __version__, "torch": str(torch.__version__)},
            "spec": spec_to_plain(spec),
            "config": OmegaConf.to_container(_shareable(config), resolve=False),
            "weights": {"file": WEIGHTS, "bytes": temporary.stat().st_size, "sha256": _sha256(temporary)},
        }
        os.replace(temporary, weights)
        write_text(folder / FACTS, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise WrongInput(f"cannot write {folder}: {error.strerror or error}") from error
    again = read_shared(folder).state
    if again.keys() != state.keys() or not all(torch.equal(again[name], state[name]) for name in state):
        raise WrongInput(f"{folder} does not hold what was written: check the disk")


def read_shared(folder: Path) -> StoredModel:
    """Read the folder as data: nothing in it runs, and nothing larger than its files is allocated.

    Raises WrongInput where a file is missing, damaged, or not what the other says.
    """
    path = folder / FACTS
    facts = _facts(path)
    try:
        told = facts["weights"]
        spec = spec_from_plain(facts["spec"])
        config = checked_config(json.dumps(facts["config"], ensure_ascii=False), path)
        size, sha256 = int(told["bytes"]), str(told["sha256"])
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        reason = f"{error.errors()[0]['msg']} in spec" if isinstance(error, ValidationError) else repr(error)
        raise WrongInput(f"{path} is not as seqtrain export writes it: {reason}") from error
    check_spec(spec, path)
    return StoredModel(config, spec, _weights(folder / WEIGHTS, size, sha256))


def weights_sha256(folder: Path) -> str:
    """What the folder says that its weights' SHA-256 is. Raises WrongInput where it is not as it was written."""
    try:
        return str(_facts(folder / FACTS)["weights"]["sha256"])
    except (KeyError, TypeError) as error:
        raise WrongInput(f"{folder / FACTS} is not as seqtrain export writes it: {error!r}") from error


def _facts(path: Path) -> dict[str, Any]:
    if path.stat().st_size > _MOST_BYTES:
        raise WrongInput(f"{path} has {path.stat().st_size:,} bytes: at most {_MOST_BYTES:,} are read")
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise WrongInput(f"{path} is no JSON: {error}") from error
    if not isinstance(facts, dict) or facts.get("format") != _FORMAT:
        told = facts.get("format") if isinstance(facts, dict) else facts
        raise WrongInput(f"{path} has the format {told!r}: this seqtrain {__version__} reads format {_FORMAT}")
    return facts


def check_spec(spec: Spec, path: Path) -> None:
    """Raises WrongInput for sizes that no data has, naming the file that says them."""
    sizes = (spec.features, spec.shortest, spec.longest, spec.width)
    classes = "values" not in spec.predicts
    if min(sizes) < 1 or spec.shortest > spec.longest or (len(spec.classes) != spec.width if classes else spec.classes):
        raise WrongInput(f"{path} says a spec that cannot be: {spec}")


def _weights(path: Path, size: int, sha256: str) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise WrongInput(f"{path} is missing")
    if path.stat().st_size != size or _sha256(path) != sha256:
        raise WrongInput(f"{path} is damaged or was changed: its SHA-256 is not the one in {FACTS}")
    with path.open("rb") as file:
        start = file.read(8)
    if len(start) < 8 or struct.unpack("<Q", start)[0] > size - 8:
        raise WrongInput(f"{path} is no safetensors file")
    try:
        return load_file(path)
    except (SafetensorError, KeyError) as error:
        raise WrongInput(f"{path} is no safetensors file: {error}") from error


def _shareable(config: DictConfig) -> DictConfig:
    """What a model needs of a config, and the values elsewhere that this refers to; unresolved."""
    kept = OmegaConf.masked_copy(config, [name for name in _NODES if name in config])
    seen: set[str] = set()
    while wanted := set(_REFERENCE.findall(OmegaConf.to_yaml(kept))) - seen:
        for name in sorted(wanted):
            plain = OmegaConf.to_container(config, resolve=False)
            for part in name.split("."):
                plain = plain.get(part) if isinstance(plain, dict) else None
            if plain is not None and OmegaConf.select(kept, name, throw_on_resolution_failure=False) is None:
                OmegaConf.update(kept, name, plain, force_add=True)
        seen |= wanted
    return kept


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
