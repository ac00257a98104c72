"""Folds for cross-validation level the classes, keep groups whole, and know no seed."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtrain.errors import WrongInput
from seqtrain.loading.folds import fold_of

folds_of = st.integers(2, 5)


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=5, max_size=80).map(torch.tensor), folds_of)
def test_every_class_is_spread_evenly(labels: torch.Tensor, folds: int) -> None:
    fold = fold_of(labels, folds)
    assert fold.min() >= 0
    assert fold.max() < folds
    for label in labels.unique():
        counts = torch.bincount(fold[labels == label], minlength=folds)
        assert counts.max() - counts.min() <= 1
    totals = torch.bincount(fold, minlength=folds)
    assert totals.max() - totals.min() <= 1
    torch.manual_seed(int(labels.sum()))
    assert torch.equal(fold, fold_of(labels, folds))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abcdefgh"), st.integers(0, 30)), min_size=5, max_size=60),
    folds_of,
)
def test_groups_and_equal_sequences_are_in_one_fold(sequences: list[tuple[int, str, int]], folds: int) -> None:
    labels = torch.tensor([label for label, _, _ in sequences])
    groups = [group for _, group, _ in sequences]
    same = torch.tensor([content for _, _, content in sequences])
    try:
        fold = fold_of(labels, folds, groups, same)
    except WrongInput as error:
        assert f"folds is {folds}" in str(error)  # noqa: PT017
        return
    for kind in (groups, same.tolist()):
        placed: dict[object, int] = {}
        for each, where in zip(kind, fold.tolist(), strict=True):
            assert placed.setdefault(each, where) == where


def test_groups_level_the_classes() -> None:
    labels = torch.arange(3000) % 10
    groups = [f"speaker {i // 10 % 30}" for i in range(3000)]
    fold = fold_of(labels, 5, groups)
    for label in range(10):
        assert torch.bincount(fold[labels == label]).tolist() == [60] * 5


def test_groups_of_one_class_each_are_dealt_by_size() -> None:
    sizes = torch.arange(1, 41)
    labels = torch.repeat_interleave(torch.arange(40) % 2, sizes)
    groups = [str(i) for i in torch.repeat_interleave(torch.arange(40), sizes).tolist()]
    fold = fold_of(labels, 4, groups)
    totals = torch.bincount(fold)
    assert totals.max() - totals.min() <= 10  # of 820


def test_fewer_groups_than_folds_are_refused() -> None:
    with pytest.raises(WrongInput, match=r"folds is 5 but there are 2 groups among 10 sequences: lower data\.folds"):
        fold_of(torch.arange(10) % 2, 5, ["a", "b"] * 5)
    with pytest.raises(WrongInput, match="folds is 2 but there are 1 different sequences"):
        fold_of(torch.arange(10) % 2, 2, same=torch.zeros(10).long())
