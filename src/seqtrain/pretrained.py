"""What a new training takes over from a trained model: its backbone, and its head where that fits."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from omegaconf import DictConfig
from torch import Tensor

from seqtrain.batch import Spec
from seqtrain.build import Recipe, plain
from seqtrain.errors import WrongInput
from seqtrain.network import Network
from seqtrain.origin import Origin
from seqtrain.sequences import Statistics
from seqtrain.stored_config import part_of
from seqtrain.stored_model import model_sha256, read_model, read_weights

_log = logging.getLogger("seqtrain")


class Pretrained(NamedTuple):
    """A trained model whose weights a network starts from.

    What its backbone learnt, it learnt of inputs that were normalised by its own training set, so those statistics
    come with it. Values that are predicted are learnt standardised by the new data, as ever.
    """

    name: str  # in messages
    spec: Spec
    state: Mapping[str, Tensor]  # of its network
    config: DictConfig | None = None

    @property
    def statistics(self) -> Statistics | None:
        found = stored_statistics(self.state, "normalize")
        return None if found is None else Statistics(found.mean.float(), found.std.float())

    def check_fits(self, spec: Spec, *, change: bool) -> None:
        """Raise WrongInput where the backbone cannot read the data."""
        if spec.features != self.spec.features:
            raise WrongInput(
                f"init_from is {self.name}, whose model reads {self.spec.features} features at each step, and the data "
                f"has {spec.features}: choose data with the same features, or set init_from=null"
            )
        if self.statistics is not None and {tuple(each.shape) for each in self.statistics} != {(spec.features,)}:
            raise WrongInput(
                f"init_from is {self.name}, which normalises another number of features: its files are wrong"
            )
        if change != ("change.features" in self.state):
            raise WrongInput(
                f"init_from is {self.name}, whose model {'does not see' if change else 'sees'} a sequence relative to "
                f"its last step, as the data would {'' if change else 'not '}have it: set "
                f"data.forecast={'value' if change else 'change'}"
            )

    def fill(self, network: Network, model: Recipe, spec: Spec) -> None:
        """Give a network the backbone's weights, and the head's where it predicts the same.

        Args:
            network: with its initial weights.
            model: what its backbone was made by, for messages.
            spec: of its data.

        Raises WrongInput where the backbone is another one, naming the settings in which they differ.
        """
        try:
            network.backbone.load_state_dict(_below(self.state, "backbone"))
        except RuntimeError as error:
            reason = str(error).partition(":")[2].strip().splitlines()[0].strip()
            raise WrongInput(
                f"init_from is {self.name}, which has another model: {self._other(model) or reason}"
            ) from error
        kept = self._head_fits(network, spec)
        if kept:
            network.head.load_state_dict(_below(self.state, "head"))
        count = sum(parameter.numel() for parameter in network.backbone.parameters())
        head = "its head" if kept else f"a new head for {_predicted(spec)}"
        _log.info("init_from: %d weights of the backbone of %s, and %s", count, self.name, head)

    def _head_fits(self, network: Network, spec: Spec) -> bool:
        """Whether both predict the same, of classes the same in the same order, by weights of the same shapes."""
        same = (spec.predicts, spec.classes, spec.width) == (
            self.spec.predicts,
            self.spec.classes,
            self.spec.width,
        )
        shapes = {name: tensor.shape for name, tensor in network.head.state_dict().items()}
        return same and shapes == {name: tensor.shape for name, tensor in _below(self.state, "head").items()}

    def _other(self, model: Recipe) -> str:
        """What to set so that the model is the same."""
        if self.config is None:
            return ""
        theirs = plain(part_of(self.config, "model"), "model")
        ours = {**model.settings, "_target_": f"{model.cls.__module__}.{model.cls.__qualname__}"}
        if theirs.get("_target_") != ours["_target_"]:
            return f"{theirs.get('_target_')}, not {ours['_target_']}: choose model= as it was trained"
        differ = [f"model.{name}={value}" for name, value in theirs.items() if ours.get(name) != value]
        return f"set {' '.join(differ)}" if differ else ""


def starting_point(init_from: str | None, checkpoint: Path | None) -> Pretrained | None:
    """The model that a training starts from, if any.

    What a run took over is in its own checkpoint, so that the other run need not be there any more when it goes on.

    Args:
        init_from: as the config has it.
        checkpoint: of the run itself, where it goes on.

    Raises WrongInput where there is no such model, or another one than when it was named.
    """
    if init_from is None:
        return None
    if checkpoint is not None:
        return Pretrained(str(checkpoint), *read_weights(checkpoint))
    origin = Origin.read(init_from)
    if origin.digits and not _sha256(origin).startswith(origin.digits):
        raise WrongInput(
            f"init_from is {init_from}, but that folder now holds other weights: bring those back, or start a new run "
            f"with init_from={origin.folder}"
        )
    stored = read_model(origin.folder)
    return Pretrained(str(origin.folder), stored.spec, stored.state, stored.config)


def pinned(reference: str) -> str:
    """The reference with the SHA-256 of what is there now. Raises WrongInput where nothing is."""
    origin = Origin.read(reference)
    return reference if origin.digits else origin.written(_sha256(origin))


def _sha256(origin: Origin) -> str:
    try:
        return model_sha256(origin.folder)
    except WrongInput as error:
        raise WrongInput(f"init_from: {error}") from error


def stored_statistics(state: Mapping[str, Tensor], of: str) -> Statistics | None:
    mean, std = state.get(f"{of}.mean"), state.get(f"{of}.std")
    return None if mean is None or std is None else Statistics(mean, std)


def _below(state: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    return {name[len(part) + 1 :]: tensor for name, tensor in state.items() if name.startswith(f"{part}.")}


def _predicted(spec: Spec) -> str:
    return f"{spec.width} {'classes' if spec.classes else 'values'}"
