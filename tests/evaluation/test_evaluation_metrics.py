"""Metrics and intervals against torchmetrics and against plain loops."""

import math

import pytest
import torch
from torchmetrics.functional import auroc, calibration_error, r2_score
from torchmetrics.functional.classification import multiclass_f1_score, multiclass_precision, multiclass_recall

from seqtrain.evaluation import Outcomes, Resampling, evaluate_classes, evaluate_values
from seqtrain.evaluation.class_metrics import BINS, Auroc
from seqtrain.evaluation.resampling import estimate
from seqtrain.metrics import ClassScores, ValueScores


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def classified(count: int, classes: int, *, per_sequence: int = 1) -> tuple[Outcomes, torch.Tensor]:
    """Outcomes of random predictions that are right more often than not, and their log-probabilities."""
    size = count * per_sequence
    truth = torch.randint(classes, (size,), generator=random(1))
    scores = torch.randn(size, classes, generator=random(2)).double()
    scores[torch.arange(size), truth] += 1
    log = scores.log_softmax(-1)
    best, predicted = log.max(-1)
    owner = torch.arange(count).repeat_interleave(per_sequence)
    losses = torch.zeros(count).double().index_add(0, owner, -log[torch.arange(size), truth])
    weights = torch.full((count,), float(per_sequence)).double()
    second = log[:, 1].exp() if classes == 2 else None
    return Outcomes(losses, weights, owner, truth, predicted, best.exp(), second), log


@pytest.mark.parametrize(("classes", "per_sequence"), [(2, 1), (5, 1), (5, 7)])
def test_classes_agree_with_torchmetrics(classes: int, per_sequence: int) -> None:
    outcomes, log = classified(60, classes, per_sequence=per_sequence)
    found = evaluate_classes(outcomes, classes, Resampling(60, 50))
    truth, options = outcomes.truth, {"num_classes": classes, "average": None}
    for name, theirs in (
        ("precision", multiclass_precision),
        ("recall", multiclass_recall),
        ("f1", multiclass_f1_score),
    ):
        expected = theirs(log, truth, **options).tolist()  # type: ignore[operator]
        assert [each.value for each in found.per_class[name]] == pytest.approx(expected, abs=1e-6)
    assert found.metrics["accuracy"].value == pytest.approx(float((log.argmax(-1) == truth).double().mean()))
    assert found.metrics["f1"].value == pytest.approx(float(multiclass_f1_score(log, truth, num_classes=classes)))
    expected = float(calibration_error(log.exp(), truth, task="multiclass", num_classes=classes, n_bins=BINS))
    assert found.metrics["calibration_error"].value == pytest.approx(expected, abs=1e-6)
    assert found.support == torch.bincount(truth, minlength=classes).tolist()
    assert int(found.confusion.sum()) == len(truth)
    assert found.confusion.diagonal().sum() == (log.argmax(-1) == truth).sum()
    assert ("auroc" in found.metrics) == (classes == 2)
    if classes == 2:
        assert found.metrics["auroc"].value == pytest.approx(float(auroc(log[:, 1].exp(), truth, task="binary")))


def test_ties_count_half_in_auroc() -> None:
    area = Auroc(torch.tensor([0.5, 0.5, 0.2, 0.9]), torch.tensor([True, False, False, True]), torch.arange(4))
    counts = torch.tensor([[1, 1, 1, 1], [2, 1, 0, 0], [0, 1, 1, 0]]).double()
    first, second, third = area(counts).tolist()
    assert first == pytest.approx((0.5 + 1 + 1 + 1) / 4)
    assert second == pytest.approx(0.5)
    assert math.isnan(third)  # no positive was drawn


def test_resamples_are_sets_that_were_drawn_with_replacement() -> None:
    outcomes, _ = classified(30, 4, per_sequence=3)
    resampling = Resampling(30, 20, seed=3)
    counts = resampling.over(lambda drawn: drawn)
    assert counts.sum(1).tolist() == [30] * 20
    scores = ClassScores(4)
    drawn = resampling.sums(torch.stack([outcomes.losses, outcomes.weights], 1))
    accuracy, f1 = [], []
    for row, (loss, weight) in zip(counts, drawn, strict=True):  # each resample, sequence after sequence
        taken = [i for i, times in enumerate(row.tolist()) for _ in range(int(times))]
        assert float(loss) == pytest.approx(float(outcomes.losses[taken].sum()))
        assert float(weight) == 90
        steps = torch.cat([(outcomes.owner == i).nonzero()[:, 0] for i in taken])
        truth, predicted = outcomes.truth[steps], outcomes.predicted[steps]
        hits = truth[truth == predicted]
        summed = scores.summary(torch.stack([torch.bincount(each, minlength=4) for each in (hits, truth, predicted)]))
        accuracy.append(summed["accuracy"])
        f1.append(summed["f1"])
    found = evaluate_classes(outcomes, 4, resampling).metrics
    for name, values in (("accuracy", accuracy), ("f1", f1)):
        ordered = torch.tensor(values, dtype=torch.float64)
        assert found[name][1:] == pytest.approx(torch.quantile(ordered, torch.tensor([0.025, 0.975]).double()).tolist())


def test_an_interval_is_as_wide_as_theory_has_it() -> None:
    truth = torch.zeros(400, dtype=torch.int64)
    predicted = (torch.arange(400) % 5 == 0).long()
    ones = torch.ones(400).double()
    outcomes = Outcomes(ones, ones, torch.arange(400), truth, predicted, 0.8 * ones)
    low, high = evaluate_classes(outcomes, 3, Resampling(400)).metrics["accuracy"][1:]
    assert (low, high) == (pytest.approx(0.8 - 1.96 * 0.02, abs=4e-3), pytest.approx(0.8 + 1.96 * 0.02, abs=4e-3))


def test_a_class_that_is_neither_there_nor_predicted_has_no_rates() -> None:
    ones = torch.ones(4).double()
    outcomes = Outcomes(ones, ones, torch.arange(4), torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 1, 1]), ones)
    found = evaluate_classes(outcomes, 3, Resampling(4, 10))
    assert all(math.isnan(found.per_class[name][2].value) for name in ("precision", "recall", "f1"))
    assert found.metrics["f1"].value == pytest.approx((2 / 3 + 0.8) / 2)


@pytest.mark.parametrize("width", [1, 3])
def test_values_agree_with_training_and_torchmetrics(width: int) -> None:
    owner = torch.arange(40).repeat_interleave(3)
    truth = 100 + torch.randn(120, width, generator=random(1)).double()
    predicted = truth + 0.5 * torch.randn(120, width, generator=random(2)).double()
    ones = torch.ones(40).double()
    found = evaluate_values(Outcomes(2 * ones, ones, owner, truth, predicted), Resampling(40, 200))
    errors = predicted - truth
    sums = [torch.full((width,), 120.0).double(), errors.square().sum(0), errors.abs().sum(0), truth.sum(0)]
    expected = ValueScores(width).summary(torch.stack([*sums, truth.square().sum(0)]))
    for name, value in expected.items():
        assert found.metrics[name].value == pytest.approx(value, rel=1e-6)
        assert found.metrics[name].low < value < found.metrics[name].high
    assert found.metrics["r2"].value == pytest.approx(float(r2_score(predicted, truth)))
    assert found.metrics["loss"].value == 2
    assert math.isnan(found.metrics["loss"].low)  # every draw is alike
    assert [each.value for each in found.per_value["mae"]] == pytest.approx(errors.abs().mean(0).tolist())


def test_draws_are_a_function_of_the_seed() -> None:
    draws = [Resampling(9, 5, seed).over(lambda counts: counts) for seed in (0, 0, 1)]
    assert draws[0].equal(draws[1])
    assert not draws[0].equal(draws[2])


def test_undefined_resamples_are_left_out() -> None:
    assert estimate(1.0, torch.tensor([math.nan, 1.0, 2.0])) == pytest.approx((1, 1.025, 1.975))
    assert all(math.isnan(each) for each in estimate(1.0, torch.tensor([math.nan]))[1:])
