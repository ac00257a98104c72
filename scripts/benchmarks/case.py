"""A case: settings of seqtrain, and the same data and model as plain tensors and layers of torch."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from seqtrain.assemble import assemble
from seqtrain.commands.arguments import read_arguments
from seqtrain.commands.trials import check_trials
from seqtrain.loading import Data, load_data
from seqtrain.loading.order import epoch_batches
from seqtrain.network import Network
from seqtrain.parts import prepare_parts
from seqtrain.sequences import Sequences


@dataclass(frozen=True)
class Case:
    """One comparison.

    Args:
        settings: of seqtrain, as they are typed.
        layers: makes the bare model, with the weights of seqtrain's.
        channels_first: whether the bare model reads inputs (B, F, T).
        loss: of the bare model's outputs and the targets: their mean.
        most: the ratio of CPU time a training step that is aimed at.
        epochs: of the training; the first warms up, and is not counted.
        pads_all: whether the bare loop shuffles all lengths, whatever seqtrain does.
    """

    name: str
    settings: tuple[str, ...]
    layers: Callable[[Network], nn.Module]
    loss: Callable[[Tensor, Tensor], Tensor]
    most: float
    channels_first: bool = False
    epochs: int = 2
    pads_all: bool = False

    def with_settings(self, *more: str) -> "Case":
        return replace(self, settings=(*self.settings, *more))

    @cached_property
    def config(self) -> DictConfig:
        """As `seqtrain train` composes and checks it."""
        words = [*self.settings, "trainer=cpu", f"trainer.max_epochs={self.epochs}"]
        return check_trials(read_arguments(words)).every[0].config

    @cached_property
    def data(self) -> Data:
        parts = prepare_parts(self.config)
        return load_data(parts.data(), parts.loading(), seed=self.config.seed)

    def model(self) -> nn.Module:
        """The bare model with seqtrain's first weights."""
        parts = prepare_parts(self.config)
        return self.layers(assemble(parts.model, parts.task(), self.data, seed=self.config.seed))

    def tensors(self, sequences: Sequences) -> tuple[Tensor, Tensor]:
        """Inputs as the bare model reads them, all padded to the longest of the data, and targets."""
        batch = sequences.batch(torch.arange(len(sequences)))
        return self.prepared(batch.inputs), batch.targets

    def prepared(self, inputs: Tensor) -> Tensor:
        """Normalised (N, T, F), padded to the longest of the data."""
        if self.data.statistics is not None:
            inputs = (inputs - self.data.statistics.mean) / self.data.statistics.std
        inputs = nn.functional.pad(inputs, (0, 0, 0, self.data.spec.longest - inputs.shape[1]))
        return inputs.transpose(1, 2).contiguous() if self.channels_first else inputs

    def order(self, epoch: int) -> list[Tensor]:
        """The batches of an epoch, which are seqtrain's."""
        loading, lengths = self.data.loading, self.data.train.lengths
        pool = 1 if self.pads_all else loading.length_pool
        return list(epoch_batches(lengths, loading.batch_size, pool=pool, seed=self.config.seed, epoch=epoch))
