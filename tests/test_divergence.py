"""How large a loss may be before a training has exploded."""

import math

import pytest
import torch

from seqtrain.criteria import ClassCriterion, LabelCriterion, ValueCriterion
from seqtrain.divergence import most_loss


@pytest.mark.parametrize(("loss", "most"), [("mse", 1e6**2), ("mae", 1e6), ("huber", 1e6 - 0.5)])
def test_errors_are_a_million_times_as_large_as_targets(loss: str, most: float) -> None:
    targets = torch.tensor([[3.0], [-7.0], [math.nan]])
    found = most_loss(ValueCriterion(loss), targets)  # type: ignore[arg-type]
    assert found == pytest.approx(most * 64 if loss == "mse" else 8e6 if loss == "mae" else 8e6 - 0.5)


def test_units_change_nothing() -> None:
    targets = torch.tensor([[3e9], [-7e9]])
    scaled = most_loss(ValueCriterion("mse", torch.tensor([1e9])), targets)
    assert scaled == pytest.approx(49e12, rel=1e-6)


def test_of_classes_it_is_a_million() -> None:
    assert most_loss(ClassCriterion(label_smoothing=0, class_weights=None), torch.tensor([0, 1])) == 1e6


def test_of_labels_too() -> None:
    assert most_loss(LabelCriterion(), torch.tensor([[0.0, 1.0]])) == 1e6


def test_of_a_loss_of_the_users_own_nothing_is_known() -> None:
    assert most_loss(torch.nn.MSELoss(), torch.ones(3, 1)) == math.inf
