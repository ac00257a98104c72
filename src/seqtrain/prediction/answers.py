"""From a stream of items to a stream of answers, some at a time, bad items set apart."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from torch import Tensor, nn

from seqtrain.errors import WrongInput
from seqtrain.items import Item
from seqtrain.trained import Trained

Bad = Callable[[str, WrongInput], None]  # told the name of a bad item and what is wrong; raises where that is fatal


class Answer(NamedTuple):
    """What a network says of one item."""

    name: str
    outputs: Tensor  # (T, D) or (D,) values; (T, C) or (C,) probabilities


def answers(trained: Trained, items: Iterable[Item], *, batch_size: int, bad: Bad) -> Iterator[list[Answer]]:
    """What the network says of each good item, in their order, as it comes: at most `batch_size` are held.

    An item is bad where its reader says so, where it has no steps, other features than the network takes or a value
    that is no finite number, and where it has a length that the network cannot read.
    """
    items = iter(items)
    only = _only_length(trained)
    while some := list(islice(items, batch_size)):
        good = []
        for name, steps in some:
            wrong = steps if isinstance(steps, WrongInput) else unfit(steps, trained.spec.features, only)
            if wrong is not None:
                bad(name, wrong)
            elif isinstance(steps, Tensor):
                good.append((name, steps))
        answered = _answered(trained, good, bad)
        if answered:
            yield answered


def _answered(trained: Trained, good: list[tuple[str, Tensor]], bad: Bad) -> list[Answer]:
    if not good:
        return []
    try:
        outputs = trained.outputs([steps for _, steps in good])
    except WrongInput as error:  # some of them is too long, say: each alone tells which
        if len(good) > 1:
            return [answer for each in good for answer in _answered(trained, [each], bad)]
        bad(good[0][0], error)
        return []
    return [
        Answer(name, each.exp() if trained.classes else each) for (name, _), each in zip(good, outputs, strict=True)
    ]


def unfit(steps: Tensor, features: int, only: int | None = None) -> WrongInput | None:
    """What is wrong with the steps of an item, if something is.

    Args:
        only: the one length that is read; None: any.
    """
    if len(steps) == 0:
        return WrongInput("has no steps")
    if steps.dim() != 2 or steps.shape[1] != features:
        return WrongInput(f"has {steps.shape[-1]} features a step but the model was trained on {features}")
    if not steps.isfinite().all():
        step, feature = (~steps.isfinite()).nonzero()[0].tolist()
        return WrongInput(f"is {float(steps[step, feature])} at step {step}, feature {feature}: give finite numbers")
    if only is not None and len(steps) != only:
        return WrongInput(
            f"has {len(steps)} steps but this model pads with steps of the sequence and was trained on {only} steps: "
            "bring it to that length, or train with model.padding_mode=zeros"
        )
    return None


def _only_length(trained: Trained) -> int | None:
    """The one length that convolutions can read whose padding would copy that of a batch; None where any will do."""
    modes = {each.padding_mode for each in trained.network.modules() if isinstance(each, nn.Conv1d)}
    return trained.spec.longest if modes - {"zeros"} else None
