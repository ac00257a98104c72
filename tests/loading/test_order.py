"""The order of an epoch: pools sorted by length, classes balanced, batches cut when they are asked for."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtrain.loading.order import Batches, balanced_draws, epoch_batches, plain_batches
from seqtrain.loading.padding import expected_padding, padding_share
from seqtrain.randomness import generator

lengths_of = st.lists(st.integers(1, 30), min_size=1, max_size=200).map(torch.tensor)
sizes = st.integers(1, 9)


def by_a_plain_loop(lengths: torch.Tensor, size: int, pool: int, seed: int, epoch: int) -> list[list[int]]:
    """Shuffle; sort each pool by length; cut batches; shuffle them."""
    order = torch.randperm(len(lengths), generator=generator(seed, epoch, 101)).tolist()
    if pool == 1:
        return [order[i : i + size] for i in range(0, len(order), size)]
    batches = []
    for start in range(0, len(order), size * pool):
        some = sorted(order[start : start + size * pool], key=lambda index: int(lengths[index]))
        batches += [some[i : i + size] for i in range(0, len(some), size)]
    return [batches[i] for i in torch.randperm(len(batches), generator=generator(seed, epoch, 102)).tolist()]


@settings(deadline=None)
@given(lengths_of, sizes, st.integers(1, 5), st.integers(0, 99), st.integers(0, 99))
def test_an_epoch_is_shuffled_and_sorted_in_pools(
    lengths: torch.Tensor, size: int, pool: int, seed: int, epoch: int
) -> None:
    batches = epoch_batches(lengths, size, pool=pool, seed=seed, epoch=epoch)
    assert [batch.tolist() for batch in batches] == by_a_plain_loop(lengths, size, pool, seed, epoch)


@settings(deadline=None)
@given(lengths_of, sizes, st.integers(1, 5))
def test_plain_batches_hold_every_sequence_once(lengths: torch.Tensor, size: int, pool: int) -> None:
    batches = plain_batches(lengths, size, pool=pool)
    assert torch.cat(list(batches)).sort().values.tolist() == list(range(len(lengths)))
    assert len(batches) == -(-len(lengths) // size)


@settings(deadline=None)
@given(st.integers(1, 50), sizes, st.slices(20))
def test_batches_are_a_sequence_like_a_list(count: int, size: int, some: slice) -> None:
    if some.step is not None and some.step < 0:
        some = slice(some.start, some.stop)
    batches = Batches(torch.arange(count), size)
    as_list = [batch.tolist() for batch in torch.split(torch.arange(count), size)]
    assert [batch.tolist() for batch in batches[some]] == as_list[some]
    assert [batch.tolist() for batch in batches] == as_list
    with pytest.raises(IndexError):
        batches[len(as_list)]


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=80).map(torch.tensor), st.integers(0, 999))
def test_a_sequence_that_is_drawn_again_is_another_draw(classes: torch.Tensor, key: int) -> None:
    draws = balanced_draws(classes, generator(key)).tolist()
    assert len(set(draws)) == len(draws) == len(classes)
    for draw in draws:
        assert draw < len(classes) or draw - len(classes) in draws[: draws.index(draw)]


def test_balanced_draws_take_every_class_and_sequence_alike() -> None:
    classes = torch.tensor([0] * 9_700 + [2] * 200 + [3] * 100)  # none of class 1
    drawn = torch.cat([balanced_draws(classes, generator(7, epoch)) for epoch in range(9)]) % len(classes)
    shares = torch.bincount(classes[drawn]) / len(drawn)
    assert torch.allclose(shares, torch.tensor([1, 0, 1, 1]) / 3, atol=0.01)
    times = torch.bincount(drawn, minlength=len(classes))
    assert (times[-100:].float().mean() - 300).abs() < 10
    assert times[-100:].float().std() < 2 * 300**0.5


def test_a_balanced_epoch_is_a_function_of_seed_and_epoch() -> None:
    classes = torch.arange(50) // 45
    lengths = torch.arange(50) % 7 + 1

    def epoch(seed: int, number: int) -> list[list[int]]:
        order = epoch_batches(lengths, 8, pool=3, seed=seed, epoch=number, balanced=classes)
        return [batch.tolist() for batch in order]

    assert epoch(1, 2) == epoch(1, 2)
    assert len({str(epoch(seed, number)) for seed in (1, 2) for number in (1, 2)}) == 4
    assert [len(batch) for batch in epoch(1, 2)].count(8) == 6


def test_batches_of_similar_lengths_hold_little_padding() -> None:
    lengths = (torch.rand(5000, generator=generator(1)) * 200).long() + 1
    mixed = expected_padding(lengths, 32, pool=1, seed=0)
    alike = expected_padding(lengths, 32, pool=20, seed=0)
    assert 0.4 < mixed < 0.55
    assert alike < 0.06
    assert padding_share([torch.tensor([0, 1]), torch.tensor([2])], torch.tensor([2, 4, 9])) == pytest.approx(2 / 17)


def test_a_large_order_is_sorted_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = torch.randint(1, 50, (999,))
    whole = torch.cat(list(epoch_batches(lengths, 8, pool=4, seed=0, epoch=0)))
    monkeypatch.setattr("seqtrain.loading.order._AT_ONCE", 100)
    assert torch.equal(torch.cat(list(epoch_batches(lengths, 8, pool=4, seed=0, epoch=0))), whole)
