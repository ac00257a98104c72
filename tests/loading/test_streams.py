"""Rows of carried batches go on where the row of the batch before ended, and every window comes once."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from seqtrain.batch import Batch
from seqtrain.errors import WrongInput
from seqtrain.loading.batches import PlainBatches, Reader, TrainingBatches
from seqtrain.loading.settings import Loading
from seqtrain.loading.streams import Streams, check_streams, epoch_streams, whole_streams
from seqtrain.sequences import Sequences, Sets

SIZES = [7, 1, 4, 4, 12, 2]  # windows of each series
SERIES = torch.repeat_interleave(torch.tensor([0, 1, 0, 3, 4, 9]), torch.tensor(SIZES))  # equal ones need not be one


def walked(streams: Streams) -> tuple[list[int], list[list[int]]]:
    """All windows in their order, and the stretches in which they follow one another within a row."""
    rows: dict[int, list[list[int]]] = {}
    for windows, continues in zip(streams, streams.continues(), strict=True):
        assert len(windows) == len(continues)
        for row, (window, goes_on) in enumerate(zip(windows.tolist(), continues.tolist(), strict=True)):
            if goes_on:
                rows[row][-1].append(window)
            else:
                rows.setdefault(row, []).append([window])
    stretches = [stretch for row in rows.values() for stretch in row]
    return [window for stretch in stretches for window in stretch], stretches


def series_of(stretches: list[list[int]]) -> list[list[int]]:
    ends = torch.tensor(SIZES).cumsum(0)
    return [torch.searchsorted(ends, torch.tensor(stretch), right=True).unique().tolist() for stretch in stretches]


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 6, 29, 30, 31, 100])
def test_training_reads_every_window_once_in_the_order_of_its_series(rows: int) -> None:
    for epoch in range(3):
        streams = epoch_streams(SERIES, rows, seed=1, epoch=epoch)
        windows, stretches = walked(streams)
        assert sorted(windows) == list(range(sum(SIZES)))
        assert all(stretch == [*range(stretch[0], stretch[0] + len(stretch))] for stretch in stretches)
        assert all(len(found) == 1 for found in series_of(stretches))
        sizes = [len(each) for each in streams]
        assert sizes == sorted(sizes, reverse=True)
        assert len(sizes) == -(-sum(SIZES) // rows)
        assert set(sizes[:-1]) <= {min(rows, sum(SIZES))}


def test_one_series_is_cut_into_a_stretch_for_each_row() -> None:
    streams = epoch_streams(torch.zeros(10, dtype=torch.int64), 4, seed=1, epoch=2)
    assert [each.tolist() for each in streams] == [[0, 3, 6, 8], [1, 4, 7, 9], [2, 5]]
    assert [each.tolist() for each in streams.continues()] == [[False] * 4, [True] * 4, [True] * 2]


def test_series_come_in_an_order_of_the_epoch_and_the_seed() -> None:
    orders = {
        (seed, epoch): walked(epoch_streams(SERIES, 1, seed=seed, epoch=epoch))[0]
        for seed in (1, 2)
        for epoch in (0, 1)
    }
    assert len({tuple(order) for order in orders.values()}) == 4
    assert orders[1, 1] == walked(epoch_streams(SERIES, 1, seed=1, epoch=1))[0]


@pytest.mark.parametrize("rows", [1, 2, 3, 6, 40])
def test_no_series_is_cut_for_validation(rows: int) -> None:
    windows, stretches = walked(whole_streams(SERIES, rows))
    assert sorted(windows) == list(range(sum(SIZES)))
    assert sorted(map(len, stretches)) == sorted(SIZES)


def test_a_slice_of_the_batches_is_told_what_goes_on() -> None:
    streams = epoch_streams(SERIES, 3, seed=0, epoch=0)
    part = streams[4:7]
    assert [each.tolist() for each in part] == [streams[place].tolist() for place in (4, 5, 6)]
    assert [each.tolist() for each in part.continues()] == [each.tolist() for each in streams.continues()][4:7]


@pytest.fixture
def sequences() -> Sequences:
    count = sum(SIZES)
    return Sequences.of(
        [torch.full((2, 1), float(window)) for window in range(count)], torch.zeros(count, 1), series=SERIES
    )


def training(reader: Reader, *, position: int = 0, workers: int = 0) -> list[Batch]:
    chunks = TrainingBatches(
        reader,
        batch_size=4,
        accumulate=2,
        chunk=3,
        steps_per_epoch=4,
        total_steps=8,
        position=lambda: position,
        workers=workers,
    )
    return [batch for chunk in chunks for group in chunk for batch in group]


def same(batches: list[Batch], others: list[Batch]) -> bool:
    pairs = zip(batches, others, strict=True)
    return all(torch.equal(a.indices, b.indices) and torch.equal(told(a), told(b)) for a, b in pairs)


def told(batch: Batch) -> Tensor:
    assert batch.continues is not None
    return batch.continues


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_depend_on_the_position_alone(sequences: Sequences, workers: int) -> None:
    reader = Reader(sequences, seed=3)
    whole = training(reader)
    assert len(whole) == 8
    for position in range(4):
        assert same(training(reader, position=position, workers=workers), whole[2 * position :])


@pytest.mark.parametrize("ranks", [2, 3])
def test_processes_that_train_together_keep_their_rows(sequences: Sequences, ranks: int) -> None:
    parts = [training(Reader(sequences, seed=3, rank=rank, ranks=ranks)) for rank in range(ranks)]
    for place, batch in enumerate(training(Reader(sequences, seed=3))):
        for rank, part in enumerate(parts):
            assert part[place].indices.tolist() == batch.indices[rank::ranks].tolist()
            assert told(part[place]).tolist() == told(batch)[rank::ranks].tolist()


def test_batches_to_validate_on_are_told_what_goes_on(sequences: Sequences) -> None:
    batches = PlainBatches(Reader(sequences), batch_size=4, chunk=2)
    read = [batch for chunk in batches for batch in chunk]
    expected = whole_streams(SERIES, 4)
    assert len(batches) == -(-len(expected) // 2)
    for batch, windows, continues in zip(read, expected, expected.continues(), strict=True):
        assert torch.equal(batch.inputs[:, 0, 0].long(), windows)
        assert torch.equal(told(batch), continues)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"length_pool": 2}, "length_pool is 2 but carry_state keeps windows in order: set data.length_pool=1"),
        ({"mixup": 0.2}, "set data.mixup=0"),
        ({"balanced": True}, "set data.balanced=false"),
        ({"fold": 0, "folds": 2}, "set data.fold=null data.folds=null"),
        ({}, "cannot be carved at random"),
    ],
)
def test_settings_that_take_windows_apart_are_refused(
    sequences: Sequences, settings: dict[str, int], message: str
) -> None:
    sets = Sets(train=sequences, val=None, test=sequences, predicts="values")
    with pytest.raises(WrongInput, match=message):
        check_streams(sets, Loading(**settings))  # type: ignore[arg-type]
    check_streams(replace(sets, ordered=True), Loading())
    check_streams(sets, Loading(val_fraction=0))


def test_all_sets_carry_or_none(sequences: Sequences) -> None:
    sets = Sets(train=sequences, val=replace(sequences, series=None), test=None, predicts="values")
    with pytest.raises(WrongInput, match="in some sets and not in others"):
        check_streams(sets, Loading())
