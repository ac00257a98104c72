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


def test_label_smoothing_spreads_a_share_of_every_target_over_all_classes() -> None:
    outputs, targets, share = torch.randn(3, 4).log_softmax(-1), torch.tensor([2, 0, 3]), 0.3
    expected = 0.0
    for row in range(3):
        for c in range(4):
            wanted = (1 - share) * (c == int(targets[row])) + share / 4  # q' of Szegedy et al. 2016, section 7
            expected -= wanted * float(outputs[row, c])
    criterion = ClassCriterion(label_smoothing=share, class_weights=None)
    assert float(criterion(outputs, _batch(targets))) == pytest.approx(expected, rel=1e-5)
    assert float(criterion.weight(_batch(targets))) == 3
