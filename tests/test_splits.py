import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtrain.errors import WrongInput
from seqtrain.splits import carve

labels = st.lists(st.integers(0, 5), min_size=1, max_size=60).map(torch.tensor)
fractions = st.floats(0.01, 0.99)
keys = st.integers(0, 2**62)


@settings(deadline=None)
@given(labels, fractions, keys)
def test_every_sequence_is_on_one_side(labels: torch.Tensor, fraction: float, key: int) -> None:
    rest, carved = carve(labels, fraction, key)
    assert torch.cat([rest, carved]).sort().values.tolist() == list(range(len(labels)))
    assert rest.tolist() == sorted(rest.tolist())
    assert carved.tolist() == sorted(carved.tolist())


@settings(deadline=None)
@given(labels, fractions, keys)
def test_each_class_gives_its_share_and_keeps_one_on_each_side(labels: torch.Tensor, fraction: float, key: int) -> None:
    _, carved = carve(labels, fraction, key)
    for label in labels.unique():
        total = int((labels == label).sum())
        given_away = int((labels[carved] == label).sum())
        if total == 1:
            assert given_away == 0
        else:
            assert 1 <= given_away <= total - 1
            assert abs(given_away - total * fraction) <= 1


@settings(deadline=None)
@given(labels, fractions, keys)
def test_the_choice_is_a_function_of_its_key(labels: torch.Tensor, fraction: float, key: int) -> None:
    torch.manual_seed(key % 1000)  # the global generator plays no part
    first = carve(labels, fraction, key)[1]
    assert first.tolist() == carve(labels, fraction, key)[1].tolist()


def test_another_key_makes_another_choice() -> None:
    labels = torch.arange(100) % 4
    assert carve(labels, 0.3, 1)[1].tolist() != carve(labels, 0.3, 2)[1].tolist()


def test_a_fraction_of_zero_carves_nothing() -> None:
    rest, carved = carve(torch.arange(7) % 2, 0.0, 1, groups=list("abcdefg"))
    assert rest.tolist() == list(range(7))
    assert carved.tolist() == []


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abcdefgh")), min_size=1), fractions, keys)
def test_a_group_is_never_on_both_sides(sequences: list[tuple[int, str]], fraction: float, key: int) -> None:
    labels = torch.tensor([label for label, _ in sequences])
    groups = [group for _, group in sequences]
    try:
        rest, carved = carve(labels, fraction, key, groups)
    except WrongInput:
        for group in set(groups):  # right to refuse: any group is all that some class has
            others = {label for label, name in sequences if name != group}
            assert others != set(labels.tolist())
        return
    assert len(rest) + len(carved) == len(labels)
    assert len(carved) > 0
    assert not {groups[i] for i in rest} & {groups[i] for i in carved}
    assert set(labels[rest].tolist()) == set(labels.tolist())


def test_groups_are_chosen_so_that_each_class_gives_its_share() -> None:
    labels = torch.arange(600) % 10
    groups = [f"speaker {i // 10 % 20}" for i in range(600)]
    _, carved = carve(labels, 0.25, 3, groups)
    assert torch.bincount(labels[carved]).tolist() == [15] * 10


def test_a_single_group_cannot_be_set_aside() -> None:
    with pytest.raises(WrongInput, match="none of 1 groups"):
        carve(torch.arange(10) % 2, 0.2, 0, groups=["george"] * 10)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=60), fractions, keys)
def test_the_same_sequences_are_never_on_both_sides(
    sequences: list[tuple[int, int]], fraction: float, key: int
) -> None:
    labels, same = torch.tensor(sequences).T
    rest, carved = carve(labels, fraction, key, same=same)
    assert len(rest) + len(carved) == len(labels)
    assert not set(same[rest].tolist()) & set(same[carved].tolist())
    assert set(labels[rest].tolist()) == set(labels.tolist())
    for label in labels.unique():
        owners = [set(labels[same == which].tolist()) for which in same[labels == label].unique()]
        if sum(len(each) == 1 for each in owners) > 1:
            assert (labels[carved] == label).any()


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=60).map(torch.tensor), fractions, keys)
def test_sequences_that_all_differ_are_carved_as_if_nothing_were_said_of_it(
    labels: torch.Tensor, fraction: float, key: int
) -> None:
    different = torch.arange(len(labels)).flip(0) * 7 - 50
    assert carve(labels, fraction, key)[1].tolist() == carve(labels, fraction, key, same=different)[1].tolist()


def test_pairs_of_the_same_give_the_share_that_was_asked_for() -> None:
    labels = torch.arange(400) % 4
    _, carved = carve(labels, 0.25, 5, same=torch.arange(400) % 200)
    assert torch.bincount(labels[carved]).tolist() == [26, 26, 26, 26]  # 25, in pairs
    _, carved = carve(torch.zeros(11, dtype=torch.int64), 0.1, 0, same=torch.tensor([0] * 9 + [1, 2]))
    assert len(carved) == 1, "the large one would be far more than its share"


def test_groups_that_share_a_sequence_stay_together() -> None:
    groups = ["a", "a", "b", "b", "c", "c", "d", "d"]
    same = torch.tensor([0, 1, 1, 2, 3, 4, 5, 6])  # a and b
    for key in range(20):
        _, carved = carve(torch.zeros(8, dtype=torch.int64), 0.25, key, groups, same)
        assert {groups[i] for i in carved} in ({"c"}, {"d"})


def test_many_groups_are_carved_in_time() -> None:
    groups = [f"author {i % 5000}" for i in range(20_000)]
    rest, carved = carve(torch.arange(20_000) % 3, 0.1, 0, groups)
    assert not {groups[i] for i in rest} & {groups[i] for i in carved}
    assert abs(len(carved) - 2000) < 20
