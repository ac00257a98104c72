"""Batches depend on seed and epoch alone: not on workers, threads, chunks or where a run was interrupted."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from seqtrain.batch import Batch, Spec
from seqtrain.loading import Data, Loading
from seqtrain.loading.batches import PlainBatches, Reader, TrainingBatches
from seqtrain.randomness import Draws
from seqtrain.sequences import Sequences, feature_statistics

COUNT = 23


def add_noise(batch: Batch, draws: Draws) -> Batch:
    return batch._replace(inputs=batch.inputs + draws.normal(*batch.inputs.shape[1:]).sin())


@pytest.fixture
def reader() -> Reader:
    torch.manual_seed(0)
    inputs = [torch.randn(5 + i % 7, 2) for i in range(COUNT)]
    return Reader(Sequences.of(inputs, torch.arange(COUNT)), seed=3, augment=add_noise)


def training(reader: Reader, *, position: int = 0, **changes: Any) -> TrainingBatches:
    options = {"batch_size": 4, "accumulate": 1, "chunk": 3, "total_steps": 100, "steps_per_epoch": 6} | changes
    return TrainingBatches(reader, position=lambda: position, **options)


def flat(batches: TrainingBatches) -> list[Batch]:
    return [batch for chunk in batches for group in chunk for batch in group]


def same(left: list[Batch], right: list[Batch]) -> bool:
    return len(left) == len(right) and all(
        torch.equal(a.inputs, b.inputs) and torch.equal(a.indices, b.indices) for a, b in zip(left, right, strict=True)
    )


def test_an_epoch_holds_every_sequence_once(reader: Reader) -> None:
    seen = torch.cat([batch.indices for batch in flat(training(reader))])
    assert sorted(seen.tolist()) == list(range(COUNT))


def test_epochs_and_seeds_have_orders_and_noise_of_their_own(reader: Reader) -> None:
    first, second = flat(training(reader)), flat(training(reader, position=6))
    assert not torch.equal(first[0].indices, second[0].indices)
    other = flat(training(Reader(reader.sequences, seed=4, augment=add_noise)))
    assert not torch.equal(first[0].indices, other[0].indices)


@pytest.mark.parametrize("done", range(6))
def test_an_interrupted_epoch_goes_on_where_it_was(reader: Reader, done: int) -> None:
    assert same(flat(training(reader, position=6 + done)), flat(training(reader, position=6))[done:])


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_change_no_bit(reader: Reader, workers: int) -> None:
    assert same(flat(training(reader, workers=workers)), flat(training(reader)))


def test_threads_change_no_bit(reader: Reader) -> None:
    one = flat(training(reader))
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        two = flat(training(reader))
    finally:
        torch.set_num_threads(threads)
    assert same(one, two)


def test_the_size_of_a_chunk_changes_no_batch(reader: Reader) -> None:
    assert same(flat(training(reader, chunk=1)), flat(training(reader, chunk=32)))


def test_the_last_step_is_the_last(reader: Reader) -> None:
    assert len(flat(training(reader, position=6, total_steps=8))) == 2


def test_groups_gather_the_batches_of_a_step(reader: Reader) -> None:
    chunks = list(training(reader, accumulate=4, steps_per_epoch=2))
    assert [[len(group) for group in chunk] for chunk in chunks] == [[4, 2]]


def test_plain_batches_keep_the_order(reader: Reader) -> None:
    batches = PlainBatches(Reader(reader.sequences), batch_size=5, chunk=2)
    chunks = list(batches)
    assert len(chunks) == len(batches) == 3
    seen = torch.cat([batch.indices for chunk in chunks for batch in chunk])
    assert torch.equal(seen, torch.arange(COUNT))


@pytest.mark.parametrize("ranks", [2, 3, 4])
@pytest.mark.parametrize(("batch_size", "balanced"), [(4, False), (11, False), (4, True)])
def test_processes_that_train_together_share_every_batch(
    reader: Reader, ranks: int, batch_size: int, balanced: bool
) -> None:
    """23 in batches of 4 or 11 leave a last one of 3 or 1, smaller than the number of processes."""
    classes = {"balanced": reader.sequences.targets % 5} if balanced else {}
    options = {"batch_size": batch_size, "steps_per_epoch": -(-COUNT // batch_size), **classes}
    whole = flat(training(reader, **options))
    parts = [flat(training(replace(reader, rank=rank, ranks=ranks), **options)) for rank in range(ranks)]
    for batch, *shares in zip(whole, *parts, strict=True):
        assert sorted(torch.cat([share.indices for share in shares]).tolist()) == sorted(batch.indices.tolist())
        for share in shares:
            assert share.stands_in == (len(share.indices) == 0)
            assert len(share.inputs) == max(len(share.indices), 1)
            for row, index in enumerate(share.indices.tolist()):  # augmented as one process does it
                place = batch.indices.tolist().index(index)
                length = int(share.lengths[row])
                if not balanced:
                    torch.testing.assert_close(share.inputs[row, :length], batch.inputs[place, :length])


@pytest.mark.parametrize("ranks", [2, 3, 5])
def test_processes_that_validate_together_share_the_set(reader: Reader, ranks: int) -> None:
    seen = [
        batch.indices
        for rank in range(ranks)
        for chunk in PlainBatches(Reader(reader.sequences, rank=rank, ranks=ranks), batch_size=11, chunk=2)
        for batch in chunk
    ]
    assert sorted(torch.cat(seen).tolist()) == list(range(COUNT))


@pytest.mark.parametrize("per_step", [False, True])
def test_batches_of_equal_lengths_are_those_read_one_by_one(per_step: bool) -> None:
    inputs = [torch.randn(7, 2) for _ in range(COUNT)]
    targets = [torch.randn(7, 1) for _ in range(COUNT)] if per_step else torch.arange(COUNT)
    scored = [torch.arange(7) > 2 for _ in range(COUNT)] if per_step else None
    reader = Reader(Sequences.of(inputs, targets, scored=scored), seed=3)
    order = [torch.tensor([3, 1, 22, 8]), torch.tensor([9, 0, 5, 7]), torch.tensor([11])]
    for together, draws in zip(reader.batches(1, order), order, strict=True):
        alone = reader[1, draws]
        for one, other in zip(together, alone, strict=True):
            assert (one is None and other is None) or torch.equal(one, other)
        assert together.inputs.data_ptr() % 64 == 0  # on which the bits of a product can depend


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("views", [False, True])
def test_batches_of_neighbours_are_views_where_that_is_asked_for_and_nothing_sends_them(
    views: bool, workers: int
) -> None:
    sequences = Sequences.of([torch.randn(100, 40) for _ in range(50)], torch.arange(50))
    statistics, spec = feature_statistics(sequences), Spec(40, 100, 100, "classes", 50, tuple(map(str, range(50))))
    loading = Loading(batch_size=20, workers=workers)
    data = Data(sequences, None, None, spec, "curve", statistics, None, None, loading)
    (chunk,) = data.plain(sequences, chunk=8, views=views)
    for batch in chunk:
        assert torch.equal(batch.inputs, sequences.batch(batch.indices).inputs)
        own = batch.inputs.untyped_storage().data_ptr() == sequences.steps.untyped_storage().data_ptr()
        assert own == (views and workers == 0)
        if not own:  # and not all of a set
            assert batch.inputs.untyped_storage().nbytes() <= 2 * batch.inputs.nbytes


def test_what_does_not_lie_in_a_row_is_no_view() -> None:
    sequences = Sequences.of([torch.randn(6, 2) for _ in range(9)], torch.arange(9))
    for places in ([3, 1, 2], [1, 3, 4], [5]):
        batch = sequences.batch(torch.tensor(places), views=True)
        assert torch.equal(batch.inputs, sequences.batch(torch.tensor(places)).inputs)
        own = batch.inputs.untyped_storage().data_ptr() == sequences.steps.untyped_storage().data_ptr()
        assert own == (places == [5])
