"""What a test shows beside its metrics: some predictions to draw, and how often which class was taken for which."""

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import pad

from seqtrain.batch import Batch, Spec, zero_padding
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
    _indices: list[int] = field(default_factory=list)  # of those that were kept, as they came
    _answers: Tensor | None = None  # to them, (K, T, …) or (K, …), and room for those to come
    _counts: Tensor | None = None

    def __post_init__(self) -> None:
        self._every = -(-len(self.sequences) // _MOST)

    def see(self, batch: Batch, outputs: Tensor) -> None:
        indices = batch.indices.tolist()
        rows = [row for row, index in enumerate(indices) if index % self._every == 0]
        if rows:
            self._keep(outputs[rows], batch.lengths[rows])
            self._indices += [indices[row] for row in rows]
        if self.spec.classes:
            count = _found if self.spec.predicts == "labels" else _confusion
            counts = count(batch, outputs).cpu()
            self._counts = counts if self._counts is None else self._counts + counts

    def _keep(self, answers: Tensor, lengths: Tensor) -> None:
        """Copies: what is cut out of a batch's outputs would keep all of them in memory."""
        if self.spec.per_step:
            missing = self.sequences.longest - answers.shape[1]
            answers = pad(zero_padding(answers, lengths), (0, 0) * (answers.dim() - 2) + (0, missing))
        if self._answers is None:
            room = -(-len(self.sequences) // self._every)
            self._answers = torch.zeros(room, *answers.shape[1:])
        self._answers[len(self._indices) :][: len(answers)] = answers.float().cpu()

    def gather(self) -> None:
        """Take over what the other processes saw that test together with this one."""
        own = None if self._answers is None else self._answers[: len(self._indices)]
        indices, answers, counts = zip(*gathered((self._indices, own, self._counts)), strict=True)
        self._indices = [index for each in indices for index in each]
        self._answers = torch.cat([each for each in answers if each is not None])
        seen = [each for each in counts if each is not None]
        self._counts = torch.stack(seen).sum(0) if seen else None

    @property
    def indices(self) -> list[int]:
        """Which sequences are kept, spread over the set."""
        return sorted(self._indices)

    @property
    def batch(self) -> Batch:
        """Those sequences, as the data set gives them."""
        return self.sequences.batch(torch.tensor(self.indices))

    @property
    def predictions(self) -> Tensor:
        """The network's answers to `batch`, padded like it."""
        assert self._answers is not None
        answers = self._answers[torch.tensor(self._indices).argsort()]
        return answers[:, : self.batch.inputs.shape[1]] if self.spec.per_step else answers

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
