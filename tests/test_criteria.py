"""Losses as sum and weight equal torch's means, whatever is padded."""

import pytest
import torch
from torch.nn import functional

from seqtrain.batch import Batch, valid_steps
from seqtrain.criteria import ClassCriterion, ValueCriterion

LENGTHS = torch.tensor([2, 7, 1])
SCORED = valid_steps(LENGTHS, 9)


def _batch(targets: torch.Tensor, scored: torch.Tensor | None = None) -> Batch:
    return Batch(torch.zeros(3, 9, 1), LENGTHS, targets, scored, torch.arange(3))


@pytest.mark.parametrize(
    ("name", "reference"),
    [("mse", functional.mse_loss), ("mae", functional.l1_loss), ("huber", functional.huber_loss)],
)
def test_value_losses_are_the_mean_over_scored_values(name, reference) -> None:
    outputs, targets = torch.randn(3, 9, 2) * 3, torch.randn(3, 9, 2)
    criterion, batch = ValueCriterion(name), _batch(targets, SCORED)
    loss = criterion(outputs, batch) / criterion.weight(batch)
    assert torch.allclose(loss, reference(outputs[SCORED], targets[SCORED]))
    whole = _batch(targets[:, 0])
    loss = criterion(outputs[:, 0], whole) / criterion.weight(whole)
    assert torch.allclose(loss, reference(outputs[:, 0], targets[:, 0]))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, torch.tensor([0.2, 1.0, 3.0, 0.7])])
def test_class_losses_are_torchs_weighted_mean_over_scored_steps(smoothing, weights) -> None:
    scores, targets = torch.randn(3, 9, 4), torch.randint(4, (3, 9))
    criterion = ClassCriterion(label_smoothing=smoothing, class_weights=weights)
    batch = _batch(targets, SCORED)
    loss = criterion(scores.log_softmax(-1), batch) / criterion.weight(batch)
    expected = functional.cross_entropy(scores[SCORED], targets[SCORED], weights, label_smoothing=smoothing)
    assert torch.allclose(loss, expected)
    whole = _batch(targets[:, 0])
    loss = criterion(scores[:, 0].log_softmax(-1), whole) / criterion.weight(whole)
    assert torch.allclose(
        loss, functional.cross_entropy(scores[:, 0], targets[:, 0], weights, label_smoothing=smoothing)
    )
