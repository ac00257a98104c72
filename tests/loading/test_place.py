"""Where batches are read changes nothing in them; what a GPU is asked is tested in tests/test_gpu.py."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from seqtrain.batch import Batch
from seqtrain.loading.batches import Reader, TrainingBatches
from seqtrain.loading.chunk import OneByOne
from seqtrain.loading.place import HERE, OnGpu
from seqtrain.sequences import Sequences

LENGTHS = [3, 7, 5, 2, 7, 4, 6]


def of_lengths(lengths: list[int], *, per_step: bool) -> Sequences:
    draws = torch.Generator().manual_seed(0)
    inputs = [torch.randn(length, 2, generator=draws) for length in lengths]
    return Sequences.of(inputs, [each[:, :1] * 2 for each in inputs] if per_step else torch.arange(len(lengths)))


def same(one: Batch, other: Batch) -> bool:
    return all((a is None and b is None) or torch.equal(a, b) for a, b in zip(one, other, strict=True))  # type: ignore[arg-type]


@pytest.mark.parametrize("per_step", [True, False])
@pytest.mark.parametrize("lengths", [LENGTHS, [5] * 7], ids=["any lengths", "one length"])
def test_a_copy_of_a_set_gives_the_same_batches(lengths: list[int], per_step: bool) -> None:
    here = of_lengths(lengths, per_step=per_step)
    indices = torch.tensor([3, 0, 5])
    assert same(OnGpu(here, here.moved(torch.clone)).batch(indices), here.batch(indices))


def test_a_copy_is_told_how_long_a_batch_is() -> None:
    here = of_lengths(LENGTHS, per_step=False)
    assert here.batch(torch.tensor([3, 0]), longest=9).inputs.shape == (2, 9, 2)


def test_a_set_that_is_moved_shares_what_it_shared() -> None:
    here = of_lengths(LENGTHS, per_step=True)
    copies: dict[int, Tensor] = {}
    some = here.select(torch.tensor([1, 4]))
    one, other = (each.moved(lambda part: copies.setdefault(id(part), part.clone())) for each in (here, some))
    assert one.steps is other.steps
    assert same(other.batch(torch.tensor([1])), some.batch(torch.tensor([1])))


def test_on_the_cpu_nothing_is_moved() -> None:
    here = of_lengths(LENGTHS, per_step=False)
    batches = iter([here.batch(torch.tensor([0]))])
    assert HERE.held(here) is None
    assert HERE.sent(batches) is batches


def test_groups_are_read_when_their_turn_comes() -> None:
    read: list[int] = []

    def reading() -> Iterator[list[Batch]]:
        for number in range(5):
            read.append(number)
            yield []

    groups = reading()
    first, second = OneByOne(groups, 3), OneByOne(groups, 2)
    assert (len(first), read) == (3, [])
    assert [len(read) for _ in first] == [1, 2, 3]
    assert [len(read) for _ in second] == [4, 5]


def test_the_batches_of_an_update_can_be_read_again() -> None:
    training = TrainingBatches(
        Reader(of_lengths(LENGTHS, per_step=False), seed=3),
        batch_size=2,
        accumulate=2,
        chunk=1,
        steps_per_epoch=2,
        total_steps=6,
        position=lambda: 2,
    )
    groups = [group for chunk in training for group in chunk]
    for step, group in zip((2, 3), groups, strict=True):
        assert all(same(one, other) for one, other in zip(training.group(step), group, strict=True))
