"""What a test shows beside its metrics: some predictions to draw, and how often which class was taken for which."""

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from seqtrain.batch import Batch, Spec
from seqtrain.labels import present
from seqtrain.ranks import gathered
from seqtrain.sequences import Sequences

_MOST = 256  # sequences whose predictions are kept


@dataclass
class Shown:
    """Watches a pass over a set: give `see` to `Learner.watch`.

    Args:
        spec: of the data.
        sequences: the set that is passed over, in its own order.
    """

    spec: Spec
    sequences: Sequences
    _kept: dict[int, Tensor] = field(default_factory=dict)
    _counts: Tensor | None = None

    def __post_init__(self) -> None:
        self._every = -(-len(self.sequences) // _MOST)

    def see(self, batch: Batch, outputs: Tensor) -> None:
        for row, index in enumerate(batch.indices.tolist()):
            if index % self._every == 0:
                steps = slice(int(batch.lengths[row])) if self.spec.per_step else slice(None)
                # a copy: what is cut out of a batch's outputs keeps all of them in memory
                self._kept[index] = outputs[row, steps].to("cpu", torch.float32, copy=True)
        if self.spec.classes:
            count = _found if self.spec.predicts == "labels" else _confusion
            counts = count(batch, outputs).cpu()
            self._counts = counts if self._counts is None else self._counts + counts

    def gather(self) -> None:
        """Take over what the other processes saw that test together with this one."""
        kept, counts = zip(*gathered((self._kept, self._counts)), strict=True)
        self._kept = {index: answer for each in kept for index, answer in each.items()}
        seen = [each for each in counts if each is not None]
        self._counts = torch.stack(seen).sum(0) if seen else None

    @property
    def indices(self) -> list[int]:
        """Which sequences are kept, spread over the set."""
        return sorted(self._kept)

    @property
    def batch(self) -> Batch:
        """Those sequences, as the data set gives them."""
        return self.sequences.batch(torch.tensor(self.indices))

    @property
    def predictions(self) -> Tensor:
        """The network's answers to `batch`, padded like it."""
        return pad_sequence([self._kept[index] for index in self.indices], batch_first=True)

    @property
    def counts(self) -> Tensor | None:
        """int64 over the whole set; None where values are predicted.

        (C, C): true class by predicted class. Of labels (3, C): found rightly, there, predicted.
        """
        return self._counts


def _found(batch: Batch, outputs: Tensor) -> Tensor:
    there, predicted = batch.targets > 0.5, present(outputs)
    return torch.stack([(there & predicted).sum(0), there.sum(0), predicted.sum(0)])


def _confusion(batch: Batch, outputs: Tensor) -> Tensor:
    classes, actual, predicted = outputs.shape[-1], batch.targets, outputs.argmax(-1)
    if batch.scored is not None:
        actual, predicted = actual[batch.scored], predicted[batch.scored]
    return torch.bincount(actual * classes + predicted, minlength=classes**2).view(classes, classes)
