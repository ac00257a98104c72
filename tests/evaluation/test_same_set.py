"""Sets are the same where their sequences and targets are, whatever their order, and not otherwise."""

import torch

from seqtrain.evaluation.same_set import content
from seqtrain.sequences import Sequences

INPUTS = [torch.randn(steps, 2, generator=torch.Generator().manual_seed(steps)) for steps in (3, 1, 5, 3)]
CLASSES = Sequences.of(INPUTS, torch.tensor([0, 1, 0, 1]))
STEPS = Sequences.of(INPUTS, [each[:, :1] for each in INPUTS], scored=[torch.arange(len(x)) != 2 for x in INPUTS])


def same(one: Sequences, *other: Sequences) -> bool:
    return torch.equal(content([one]), content(other))


def test_order_and_division_do_not_matter() -> None:
    for every in (CLASSES, STEPS):
        assert same(every, every.select(torch.tensor([2, 0, 3, 1])))
        assert same(every, every.select(torch.tensor([3])), every.select(torch.tensor([1, 2, 0])))


def test_a_sequence_more_less_or_twice_is_another_set() -> None:
    for some in ([0, 1, 2], [0, 1, 2, 2], [0, 1, 2, 3, 3]):
        assert not same(CLASSES, CLASSES.select(torch.tensor(some)))


def test_another_target_is_another_set() -> None:
    assert not same(CLASSES, Sequences.of(INPUTS, torch.tensor([0, 1, 1, 1])))
    assert not same(CLASSES, Sequences.of(INPUTS, torch.tensor([1, 0, 0, 1])))


def test_another_scored_step_is_another_set() -> None:
    assert not same(STEPS, Sequences.of(INPUTS, [each[:, :1] for each in INPUTS]))
