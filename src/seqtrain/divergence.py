"""What is said where a training meets a number that is not finite: the update, the batches, the sequences."""

from seqtrain.loading.chunk import Group


class Diverged(ArithmeticError):
    """A loss or a gradient that is not a finite number, found before it could reach the weights."""


class NotFinite(ArithmeticError):
    """What is not finite in an update, and in which of its batches; None: in all of them together.

    Where updates are looked at together, `update` says which of them it is.
    """

    def __init__(self, what: str, part: int | None = None, update: int = 0) -> None:
        super().__init__(what)
        self.part = part
        self.update = update


def diverged(found: NotFinite, group: Group, *, step: int, steps_per_epoch: int) -> Diverged:
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
