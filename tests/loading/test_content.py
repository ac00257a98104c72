"""Equal marks where steps are equal, bit for bit, wherever they lie."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtrain.loading.content import hold_the_same, marks
from seqtrain.sequences import Sequences

few = st.sampled_from([0.0, -0.0, 1.0, 2.0, float("nan")])


def of(*inputs: torch.Tensor) -> Sequences:
    return Sequences.of(inputs, torch.zeros(len(inputs)).long())


@settings(deadline=None)
@given(st.lists(st.lists(few, min_size=1, max_size=3), min_size=1, max_size=30), st.integers(1, 9), st.randoms())
def test_marks_are_equal_where_bits_are(values: list[list[float]], at_once: int, random: object) -> None:
    sequences = of(*(torch.tensor(some)[:, None] for some in values))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("seqtrain.loading.content._AT_ONCE", at_once)
        found = marks(sequences)
    for i in range(len(values)):
        for j in range(len(values)):
            equal = [str(value) for value in values[i]] == [str(value) for value in values[j]]
            assert (found[i] == found[j]) == equal
            assert hold_the_same(sequences, i, sequences, j) == equal


def test_a_mark_is_of_the_steps_alone() -> None:
    inputs = [torch.randn(4 + i % 5, 3) for i in range(50)]
    sequences = of(*inputs)
    order = torch.randperm(50)
    assert torch.equal(marks(sequences.select(order)), marks(sequences)[order])
    assert torch.equal(marks(of(*inputs[::-1], torch.zeros(40, 3)))[:50], marks(sequences).flip(0))
    overlapping = Sequences(sequences.steps, torch.arange(20), torch.full((20,), 7), torch.zeros(20).long())
    copied = of(*(sequences.steps[i : i + 7] for i in range(20)))
    assert torch.equal(marks(overlapping), marks(copied))


def test_many_small_numbers_have_marks_of_their_own() -> None:
    numbers = torch.cartesian_prod(*[torch.arange(20.0)] * 3)  # float32 with many zero bits at the end
    one_step = Sequences(numbers, torch.arange(8000), torch.ones(8000).long(), torch.zeros(8000).long())
    assert len(set(marks(one_step).tolist())) == 8000
    column = Sequences(numbers.reshape(-1, 1), torch.arange(8000) * 3, torch.full((8000,), 3), torch.zeros(8000).long())
    assert len(set(marks(column).tolist())) == 8000


def test_zeros_of_different_lengths_differ() -> None:
    assert len(set(marks(of(*(torch.zeros(n, 2) for n in range(1, 9)))).tolist())) == 8
