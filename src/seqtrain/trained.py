"""A trained model, loaded from its run folder without its training data, and what it says of new sequences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from seqtrain.assemble import rebuild
from seqtrain.batch import Spec
from seqtrain.build import prepare
from seqtrain.export.sizes import check_sizes
from seqtrain.heap import memory_kept
from seqtrain.labels import names_of
from seqtrain.loading.order import batches_at_once
from seqtrain.network import Network
from seqtrain.run_folder import RunFolder
from seqtrain.series_arrays import check_finite, to_sequences
from seqtrain.stepping import Stepper
from seqtrain.stored_config import part_of
from seqtrain.stored_model import read_model

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a network says of N sequences, in the order in which they were given.

    Of a list, each element belongs to one sequence and has its own number of steps T.
    """

    probabilities: Floats | list[Floats] | None  # (N, C), or a list of (T, C); None where values are predicted
    values: Floats | list[Floats] | None  # (N, D), or a list of (T, D); None where classes or labels are predicted
    classes: tuple[str, ...] = ()  # the C names
    several: bool = False  # whether any number of the C are there, each with a probability of its own

    @cached_property
    def indices(self) -> NDArray[np.int64] | list[NDArray[np.int64]] | None:
        """The most probable class as its index: (N,), or a list of (T,); None where values or labels are predicted."""
        if self.probabilities is None or self.several:
            return None
        if isinstance(self.probabilities, list):
            return [each.argmax(-1) for each in self.probabilities]
        return np.asarray(self.probabilities.argmax(-1))

    @cached_property
    def labels(self) -> list[str] | list[list[str]] | None:
        """The most probable class by name: N of them, or a list of T for each; None where values are predicted.

        Of several labels those that are more probable than not, a list for each sequence.
        """
        if self.several:
            return [names_of(torch.from_numpy(row > 0.5), self.classes) for row in np.asarray(self.probabilities)]
        if self.indices is None:
            return None
        if isinstance(self.indices, list):
            return [[self.classes[i] for i in each] for each in self.indices]
        return [self.classes[i] for i in self.indices]

    def __len__(self) -> int:
        return len(self.values if self.values is not None else self.probabilities)  # type: ignore[arg-type]


class Trained:
    """A network with its weights, and what is known of the data that it was trained on.

    Args:
        network: from inputs (B, T, F) and lengths (B,) to predictions, normalising included; in evaluation mode.
        spec: of the data that it was trained on.
        config: of its run, unresolved.
        folder: of its run, where it has one.
    """

    def __init__(self, network: Network, spec: Spec, config: DictConfig, *, folder: Path | None = None) -> None:
        self.network = network.eval()
        self.spec = spec
        self.config = config
        self.folder = folder

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of classes or labels in the order of the probabilities; empty where values are predicted."""
        return self.spec.classes

    @property
    def metrics(self) -> dict[str, float]:
        """What result.json says: val/… and test/… of the best epoch; empty without a run folder."""
        return {} if self.folder is None else dict(RunFolder(self.folder).read_result().get("metrics", {}))

    def predict(self, inputs: Any, *, batch_size: int = 64) -> Predictions:
        """What the network says of sequences, in their order; similar lengths are computed together.

        Args:
            inputs: a list of (T, F) arrays or tensors; or one array (N, T, F); or, where F is 1, a list of (T,), an
                array (N, T) or a data frame with a series a row. Values are as the data set gives them: normalising
                is the network's.
            batch_size: sequences computed at once; of an array, on a CPU, up to four times as many while those have
                at most 262,144 numbers.

        Raises WrongInput where a sequence has no steps, another number of features or a value that is no finite
        number, naming it; or more steps than a flatten head reads.
        """
        sequences = to_sequences(inputs, features=self.spec.features)
        said = self._said(self.outputs(sequences, batch_size=batch_size))
        if not self.classes:
            return Predictions(None, said)
        return Predictions(said, None, self.classes, several=self.spec.predicts == "labels")

    def _said(self, outputs: Tensor | list[Tensor]) -> Floats | list[Floats]:
        """Outputs as arrays, classes' as probabilities."""
        if isinstance(outputs, list):
            return [(each.exp() if self.classes else each).numpy() for each in outputs]
        arrays: Floats = (outputs.exp() if self.classes else outputs).numpy()
        return list(arrays) if self.spec.per_step else arrays

    def stepper(self) -> Stepper:
        """Reads sequences one step at a time, and answers after each; see Stepper.

        Raises WrongInput where the network needs steps that come later.
        """
        return Stepper(self.network, features=self.spec.features)

    @memory_kept()
    @torch.no_grad()
    def outputs(self, sequences: Tensor | Sequence[Tensor], *, batch_size: int = 64) -> Tensor | list[Tensor]:
        """What the network puts out for each of N (T, F) tensors, on the CPU: (T, D) or (T, C), (D,) or (C,).

        One tensor with N rows where all are of one shape, else a list.

        Args:
            batch_size: sequences computed at once, of like lengths; of one tensor more, as for `predict`.

        Raises WrongInput where a value is not finite, naming its sequence.
        """
        if not len(sequences):
            return [] if self.spec.per_step else torch.zeros(0, self.spec.width)
        lengths = _lengths(sequences)
        order = lengths.argsort(stable=True)
        parameter = next(self.network.parameters(), torch.zeros(()))
        if isinstance(sequences, Tensor) and parameter.device.type == "cpu":
            batch_size *= batches_at_once(batch_size, steps=sequences.shape[1], features=sequences.shape[2])
        self.network.eval()
        found = []
        copies = not self.network.leaves_inputs
        batches = _batches(sequences, order, batch_size, parameter.dtype, copies=copies)
        for some, inputs in zip(torch.split(order, batch_size), batches, strict=True):
            found.append(self.network(inputs.to(parameter.device), lengths[some].to(parameter.device)).cpu())
        if int(lengths.min()) == int(lengths.max()):  # the order is as it was
            return torch.cat(found)
        back = order.argsort()
        if not self.spec.per_step:
            return torch.cat(found)[back]
        rows = [row for outputs in found for row in outputs.unbind()]
        return [rows[place][:steps] for place, steps in zip(back.tolist(), lengths.tolist(), strict=True)]


def _lengths(sequences: Tensor | Sequence[Tensor]) -> Tensor:
    if isinstance(sequences, Tensor):
        return torch.full((len(sequences),), sequences.shape[1])
    return torch.tensor([len(steps) for steps in sequences])


def _batches(
    sequences: Tensor | Sequence[Tensor], order: Tensor, batch_size: int, dtype: torch.dtype, *, copies: bool
) -> Iterator[Tensor]:
    """(B, T, F) of so many sequences at a time, in that order; copies where asked."""
    if isinstance(sequences, Tensor):
        _check_finite(sequences, sequences)
        yield from (some.to(dtype, copy=copies) for some in torch.split(sequences, batch_size))
        return
    for some in torch.split(order, batch_size):
        each = [sequences[index].to(dtype) for index in some.tolist()]
        joined = torch.stack(each) if len(each[0]) == len(each[-1]) else pad_sequence(each, batch_first=True)
        _check_finite(joined, sequences)
        yield joined


def _check_finite(some: Tensor, every: Tensor | Sequence[Tensor]) -> None:
    """WrongInput where some values are not finite: their sum, which is quick, may also be too large."""
    if not some.sum().isfinite():
        for index, steps in enumerate(every):
            check_finite(steps, f"sequence {index}")


def load(run: str | PathLike[str], *, device: str = "cpu") -> Trained:
    """The trained model of a run folder, with the weights of its best epoch. Nothing is unpickled.

    The config is read as data: classes of others are built only where the user trusts their package.

    Args:
        run: the folder of a run, such as outputs/runs/sincos-lstm/2026-01-31_12-00-00-000000; or one to share, as
            seqtrain export format=safetensors makes it.
        device: where the network computes, as torch names it.

    Raises WrongInput where the folder holds no run or no whole checkpoint, or names a class that is not trusted.
    """
    place = Path(run)
    config, spec, state = read_model(place)
    model, task = prepare(part_of(config, "model"), "model"), prepare(part_of(config, "task"), "task")
    check_sizes(model, spec, state)
    return Trained(rebuild(model, task(), spec, state).to(device), spec, config, folder=place)
