"""Means, intervals and tests are those of numpy and scipy, and of formulas worked out by hand."""

import math

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st

from seqtrain.comparison import student
from seqtrain.comparison.statistics import estimate, holm, paired_test, signed_rank


@pytest.mark.parametrize("degrees", reference.TWO_SIDED)
def test_the_t_distribution_is_scipys(degrees: int) -> None:
    assert student.two_sided(0.0, degrees) == 1
    for t, expected in zip(reference.T, reference.TWO_SIDED[degrees], strict=True):
        assert student.two_sided(t, degrees) == pytest.approx(expected, abs=1e-13)
        assert student.two_sided(-t, degrees) == student.two_sided(t, degrees)
        assert reference.two_sided(t, degrees) == pytest.approx(expected, abs=1e-12)
    for confidence, expected in zip(reference.CONFIDENCE, reference.QUANTILE[degrees], strict=True):
        assert student.quantile(confidence, degrees) == pytest.approx(expected, rel=1e-9)


def test_an_interval_is_students() -> None:
    values = [0.91, 0.94, 0.90, 0.95, 0.93]
    found = estimate(values)
    mean, half = np.mean(values), reference.QUANTILE[4][1] * reference.standard_error(values)
    assert (found.mean, found.n) == (pytest.approx(mean), 5)
    assert (found.low, found.high) == (pytest.approx(mean - half), pytest.approx(mean + half))


def test_one_value_has_no_interval() -> None:
    found = estimate([0.5])
    assert (found.mean, found.half, found.low, found.high, found.n) == (0.5, None, None, None, 1)


def test_the_interval_over_folds_is_wider_by_what_they_share() -> None:
    values = [0.91, 0.94, 0.90, 0.95, 0.93]
    plain, folded = estimate(values).half, estimate(values, folds=5).half
    assert plain is not None
    assert folded is not None
    assert folded / plain == pytest.approx(math.sqrt((1 / 5 + 1 / 4) / (1 / 5)))  # 1/n + test/train, for 1/n


def test_few_seeds_are_tested_with_scipys_paired_t() -> None:
    best, other = {0: 0.95, 1: 0.97, 2: 0.93, 7: 0.1}, {2: 0.90, 0: 0.94, 1: 0.93, 5: 0.9}
    found = paired_test(best, other)
    assert found is not None
    assert (found.name, found.pairs) == ("paired t", 3)
    assert found.p == pytest.approx(0.09417837268432308)  # scipy.stats.ttest_rel
    assert found.difference == pytest.approx(-0.08 / 3)


def test_folds_are_tested_with_the_t_of_nadeau_and_bengio() -> None:
    best, other = dict(enumerate([0.9, 0.8, 0.85, 0.95, 0.7])), dict(enumerate([0.85, 0.81, 0.8, 0.9, 0.68]))
    differences = np.array([-0.05, 0.01, -0.05, -0.05, -0.02])
    t = differences.mean() / math.sqrt((1 / 5 + 1 / 4) * differences.var(ddof=1))
    found = paired_test(best, other, folds=5)
    assert found is not None
    assert (found.name, found.pairs) == ("corrected t", 5)
    assert found.p == pytest.approx(reference.two_sided(t, 4))


def test_many_seeds_are_tested_with_scipys_wilcoxon() -> None:
    draws = np.random.default_rng(0)
    left, right = draws.normal(0.9, 0.02, 14), draws.normal(0.88, 0.02, 14)
    found = paired_test(dict(enumerate(left)), dict(enumerate(right)))
    assert found is not None
    assert (found.name, found.pairs) == ("Wilcoxon", 14)
    assert found.p == pytest.approx(0.013427734375)  # scipy.stats.wilcoxon, exact


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_signed_ranks_with_ties_and_zeros_are_counted_out(differences: list[int]) -> None:
    """Against every one of the sign patterns that the null holds equally likely."""
    assert signed_rank(np.array(differences, dtype=float)) == pytest.approx(reference.wilcoxon(differences))


def test_runs_that_are_equal_do_not_differ() -> None:
    for n in (3, 12):
        values = {seed: 0.5 + 0.01 * seed for seed in range(n)}
        found = paired_test(values, values)
        assert found is not None
        assert found.p == 1


def test_a_difference_without_spread_is_no_certainty() -> None:
    found = paired_test({0: 0.9, 1: 0.7}, {0: 0.8, 1: 0.6})  # 0.9 - 0.8 and 0.7 - 0.6 differ by rounding
    assert found is not None
    assert found.p is None


def test_without_two_pairs_there_is_no_test() -> None:
    assert paired_test({0: 0.9, 1: 0.8}, {1: 0.7, 2: 0.6}) is None


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []
