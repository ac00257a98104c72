"""Metrics summed over batches equal torchmetrics' on everything at once."""

import pytest
import torch
from torch import Tensor
from torchmetrics.functional import accuracy, f1_score, mean_absolute_error, mean_squared_error, r2_score

from seqtrain.batch import Batch, valid_steps
from seqtrain.metrics import ClassScores, ValueScores

LENGTHS = torch.tensor([1, 2, 11, 30])


def _batch(targets: Tensor, scored: Tensor | None) -> Batch:
    return Batch(torch.zeros(len(targets), 1, 1), torch.ones(len(targets)), targets, scored, torch.arange(len(targets)))


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("per_step", [True, False])
def test_value_scores_equal_torchmetrics(width: int, per_step: bool) -> None:
    shape = (4, 30, width) if per_step else (40, width)
    targets, outputs = torch.randn(shape), torch.randn(shape)
    scored = valid_steps(LENGTHS, 30) if per_step else None
    scores = ValueScores(width)
    halves = [slice(0, 1), slice(1, None)]
    sums = sum(
        (scores.measure(outputs[h], _batch(targets[h], None if scored is None else scored[h])) for h in halves),
        scores.zero(),
    )
    summary = scores.summary(sums)
    kept = (outputs[scored], targets[scored]) if scored is not None else (outputs, targets)
    assert summary["mse"] == pytest.approx(float(mean_squared_error(*map(torch.clone, kept))), rel=1e-5)
    assert summary["rmse"] == pytest.approx(summary["mse"] ** 0.5)
    assert summary["mae"] == pytest.approx(float(mean_absolute_error(*kept)), rel=1e-5)
    assert summary["r2"] == pytest.approx(float(r2_score(*kept)), rel=1e-4)


@pytest.mark.parametrize("per_step", [True, False])
def test_class_scores_equal_torchmetrics(per_step: bool) -> None:
    shape = (4, 30) if per_step else (60,)
    targets, outputs = torch.randint(4, shape), torch.randn(*shape, 6)
    outputs[..., 5] = -9  # a class that neither occurs nor is predicted
    scored = valid_steps(LENGTHS, 30) if per_step else None
    scores = ClassScores(6)
    summary = scores.summary(scores.zero() + scores.measure(outputs, _batch(targets, scored)))
    predicted, actual = outputs.argmax(-1), targets
    if scored is not None:
        predicted, actual = predicted[scored], actual[scored]
    options = {"task": "multiclass", "num_classes": 6}
    assert summary["accuracy"] == pytest.approx(float(accuracy(predicted, actual, average="micro", **options)))
    assert summary["f1"] == pytest.approx(float(f1_score(predicted, actual, average="macro", **options)))


def test_r2_of_a_target_that_never_changes_is_a_number() -> None:
    scores, targets = ValueScores(1), torch.ones(5, 1)
    assert scores.summary(scores.measure(targets, _batch(targets, None)))["r2"] == 1
    assert scores.summary(scores.measure(targets + 1, _batch(targets, None)))["r2"] == 0
