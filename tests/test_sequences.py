"""A set of sequences reads back what it was made of, padded with zeros."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqtrain.batch import valid_steps
from seqtrain.errors import WrongInput
from seqtrain.sequences import Sequences, feature_statistics

LENGTHS = st.lists(st.integers(1, 12), min_size=1, max_size=8)


@given(LENGTHS, st.data())
def test_a_batch_holds_its_sequences_and_zeros(lengths: list[int], data: st.DataObject) -> None:
    inputs = [torch.randn(n, 2) for n in lengths]
    sequences = Sequences.of(inputs, torch.arange(len(lengths)))
    indices = torch.tensor(data.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1, max_size=5)))
    batch = sequences.batch(indices)
    assert batch.inputs.shape == (len(indices), max(lengths[i] for i in indices), 2)
    for row, i in enumerate(indices.tolist()):
        assert torch.equal(batch.inputs[row, : lengths[i]], inputs[i])
        assert not batch.inputs[row, lengths[i] :].any()
    assert torch.equal(batch.targets, indices)
    assert torch.equal(batch.lengths, torch.tensor(lengths)[indices])


@given(LENGTHS)
def test_targets_at_every_step_are_padded_and_never_scored_there(lengths: list[int]) -> None:
    inputs = [torch.randn(n, 1) for n in lengths]
    targets = [torch.randn(n, 3) for n in lengths]
    scored = [torch.arange(n) > 0 for n in lengths]
    sequences = Sequences.of(inputs, targets, scored=scored)
    batch = sequences.batch(torch.arange(len(lengths)))
    assert batch.scored is not None
    for row, n in enumerate(lengths):
        assert torch.equal(batch.targets[row, :n], targets[row])
        assert torch.equal(batch.scored[row, :n], scored[row])
        assert not batch.targets[row, n:].any()
        assert not batch.scored[row, n:].any()


def test_a_selection_shares_the_steps_and_reads_the_same() -> None:
    sequences = Sequences.of([torch.randn(4, 1) for _ in range(5)], torch.arange(5), names=list("abcde"))
    some = sequences.select(torch.tensor([3, 1]))
    assert some.steps.data_ptr() == sequences.steps.data_ptr()
    assert some.names == ("d", "b")
    assert torch.equal(some.batch(torch.tensor([0, 1])).inputs, sequences.batch(torch.tensor([3, 1])).inputs)


def test_a_bad_number_in_a_sequence_stays_out_of_the_padding_of_others() -> None:
    sequences = Sequences.of([torch.full((1, 1), torch.nan), torch.ones(3, 1), torch.ones(2, 1)], torch.arange(3))
    assert sequences.batch(torch.tensor([1, 2])).inputs.isfinite().all()


def test_an_empty_set_and_an_empty_sequence_are_refused() -> None:
    with pytest.raises(WrongInput, match="no sequences"):
        Sequences.of([], torch.zeros(0))
    with pytest.raises(WrongInput, match="empty one has no steps"):
        Sequences.of([torch.ones(1, 1), torch.zeros(0, 1)], torch.arange(2), names=["full one", "empty one"])


def test_statistics_count_valid_steps_only() -> None:
    inputs = [torch.randn(n, 3) * 5 + 2 for n in (1, 7, 30)]
    inputs = [torch.cat([steps, torch.full((len(steps), 1), 4.0)], 1) for steps in inputs]
    mean, std = feature_statistics(Sequences.of(inputs, torch.arange(3)))
    everything = torch.cat(inputs)
    assert torch.allclose(mean, everything.mean(0), atol=1e-5)
    assert torch.allclose(std[:3], everything.std(0, correction=0)[:3], rtol=1e-4)
    assert std[3] == 1, "a feature that never changes is left as it is"


def test_steps_without_padding_are_those_of_a_batch() -> None:
    some = Sequences.of([torch.rand(length, 2) for length in (3, 1, 4)], torch.zeros(3, dtype=torch.int64))
    indices = torch.tensor([2, 0])
    batch = some.batch(indices)
    assert torch.equal(some.steps_of(indices), batch.inputs[valid_steps(batch.lengths, 4)])
