"""Intervals of shares, with what no bootstrap tells."""

import math

import pytest
import torch

from seqtrain.evaluation import Outcomes, Resampling, evaluate_classes, evaluate_labels
from seqtrain.evaluation.shares import estimate_f1, estimate_share

ALIKE = torch.ones(10, dtype=torch.float64)


@pytest.mark.parametrize("count", [1, 30, 300])
@pytest.mark.parametrize("right", [True, False])
def test_a_share_of_all_or_none_has_the_interval_of_wilson(count: int, right: bool) -> None:
    found = estimate_share(float(right), ALIKE * right, count)
    bound = found.low if right else found.high  # 1.96 deviations of a binomial share from what was seen
    assert abs(right - bound) == pytest.approx(1.959964 * math.sqrt(bound * (1 - bound) / count))
    assert (found.high if right else found.low) == right


def test_other_shares_have_that_of_the_bootstrap() -> None:
    assert estimate_share(0.5, torch.linspace(0, 1, 41).double(), 9) == pytest.approx((0.5, 0.025, 0.975))


def test_f1_is_bounded_by_the_share_that_it_is_a_function_of() -> None:
    low, high = estimate_share(1.0, ALIKE, 20).low, estimate_share(0.0, ALIKE, 20).high
    assert estimate_f1(1.0, ALIKE, 20) == pytest.approx((1, 2 * low / (1 + low), 1))
    assert estimate_f1(0.0, 0 * ALIKE, 20) == pytest.approx((0, 0, 2 * high / (1 + high)))


def right_steps(sequences: int, steps: int) -> Outcomes:
    """Steps of two classes by turns, all told rightly."""
    owner = torch.arange(sequences).repeat_interleave(steps)
    truth = torch.arange(len(owner)) % 2
    ones = torch.ones(sequences).double()
    return Outcomes(ones, steps * ones, owner, truth, truth, torch.ones(len(owner)).double())


def test_sequences_count_and_not_their_steps() -> None:
    wide, narrow = (
        evaluate_classes(right_steps(count, steps), 3, Resampling(count, 20)) for count, steps in ((10, 40), (400, 4))
    )
    assert wide.metrics["accuracy"] == pytest.approx((1, 10 / (10 + 1.96**2), 1), abs=1e-4)
    assert narrow.metrics["accuracy"] == pytest.approx((1, 400 / (400 + 1.96**2), 1), abs=1e-4)
    assert wide.per_class["recall"][0] == wide.metrics["accuracy"]
    assert math.isnan(wide.per_class["recall"][2].value)  # the class is not there
    assert math.isnan(wide.metrics["f1"].low)  # a mean over classes is no share


def test_labels_have_them_too() -> None:
    truth = (torch.arange(60).view(20, 3) % 2).double()
    ones = torch.ones(20).double()
    found = evaluate_labels(Outcomes(ones, ones, torch.arange(20), truth, truth), Resampling(20, 20))
    assert found.metrics["exact_match"] == pytest.approx((1, 20 / (20 + 1.96**2), 1), abs=1e-4)
    assert found.per_label["recall"][1] == pytest.approx((1, 10 / (10 + 1.96**2), 1), abs=1e-4)
