"""What is said where a training can make no update: a number that is not finite, a loss that has exploded."""

import math

from torch import Tensor

from seqtrain.criteria import LabelCriterion, ValueCriterion
from seqtrain.loading.chunk import Group

_MOST = 1e6  # times the largest target, which no error that can be learnt from comes near; or nats, of a class


class Diverged(ArithmeticError):
    """A loss or a gradient that is not finite, or a loss that has exploded, found before anything of it is saved."""


class BadUpdate(ArithmeticError):
    """Why an update cannot be made, and which of its batches is to blame; None: all of them together.

    Where updates are looked at together, `update` says which of them it is.
    """

    def __init__(self, what: str, part: int | None = None, update: int = 0) -> None:
        super().__init__(what)
        self.part = part
        self.update = update


def most_loss(criterion: object, targets: Tensor) -> float:
    """The loss of errors that are a million times as large as one and the largest target; of classes, a million.

    Args:
        criterion: a loss; of one that is not seqtrain's nothing is known.
        targets: of the training set: values, of which some may be missing, classes, or labels.
    """
    if isinstance(criterion, LabelCriterion) or not targets.is_floating_point():
        return _MOST
    if not isinstance(criterion, ValueCriterion):
        return math.inf
    largest = float(targets.nan_to_num(0, 0, 0).abs().max()) if len(targets) else 0.0
    return criterion.of_error(_MOST * (1 + largest))


def diverged(found: BadUpdate, group: Group, *, step: int, steps_per_epoch: int) -> Diverged:
    """The update that was to be made from a group of batches, and which of their sequences are to blame.

    Args:
        step: updates made before it.
    """
    there = [found.part] if found.part is not None else range(len(group))
    epoch, done = divmod(step, steps_per_epoch)
    culprits, why = [], "lower optimizer.lr, or set trainer.gradient_clip_val=1"
    for name in ("inputs", "targets"):
        for number in there:
            values = getattr(group[number], name)
            bad = (~values.isfinite()).reshape(len(values), -1).any(1)
            culprits += [(number, index) for index in group[number].indices[bad].tolist()]
        if culprits:
            why = f"{'its' if len(culprits) == 1 else 'their'} {name} are not finite"
            break
    culprits = culprits or [(number, index) for number in there for index in group[number].indices.tolist()]
    batches = ", ".join(str(done * len(group) + 1 + number) for number in sorted({number for number, _ in culprits}))
    return Diverged(
        f"{found} at step {step}, epoch {epoch + 1}, batch {batches}, "
        f"training sequences {[index for _, index in culprits[:8]]}: {why}"
    )
