"""Several labels a sequence: the loss, the metrics, the split, and what targets may be."""

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torchmetrics.functional.classification import (
    multilabel_average_precision,
    multilabel_exact_match,
    multilabel_f1_score,
    multilabel_precision,
    multilabel_recall,
)

from seqtrain.array_targets import read_targets
from seqtrain.arrays import Arrays
from seqtrain.batch import Batch
from seqtrain.criteria import LabelCriterion
from seqtrain.errors import WrongInput
from seqtrain.evaluation import Outcomes, Resampling, evaluate_labels
from seqtrain.evaluation.label_metrics import AveragePrecision
from seqtrain.loading import Loading, load_data
from seqtrain.metrics import LabelScores
from seqtrain.randomness import generator


def batch(targets: Tensor) -> Batch:
    count = len(targets)
    return Batch(torch.zeros(count, 2, 1), torch.full((count,), 2), targets, None, torch.arange(count))


def some(count: int = 40, labels: int = 3, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Log-odds that tell something, and the labels (N, C)."""
    random = generator(seed)
    targets = (torch.rand(count, labels, generator=random) < 0.4).float()
    return torch.randn(count, labels, generator=random) + 1.5 * (2 * targets - 1), targets


@pytest.mark.parametrize("soft", [False, True])
def test_the_loss_and_its_gradient_are_those_of_torchs_log_odds(soft: bool) -> None:
    odds, targets = some()
    targets = 0.7 * targets + 0.3 * targets.flip(0) if soft else targets
    odds[:4, 0] = torch.tensor([60.0, -60.0, 30.0, 0.0])
    told, reference = odds.clone().requires_grad_(), odds.clone().requires_grad_()
    criterion = LabelCriterion()
    loss = criterion(functional.logsigmoid(told), batch(targets)) / criterion.weight(batch(targets))
    expected = functional.binary_cross_entropy_with_logits(reference, targets)
    loss.backward()
    expected.backward()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(told.grad, reference.grad)


def test_the_loss_is_finite_where_the_network_is_certain_and_wrong() -> None:
    odds = torch.tensor([[1e4], [-1e4]], requires_grad=True)
    loss = LabelCriterion()(functional.logsigmoid(odds), batch(torch.tensor([[0.0], [1.0]])))
    loss.backward()
    assert loss.isfinite()
    assert odds.grad is not None
    assert odds.grad.isfinite().all()


def test_metrics_are_those_of_a_plain_loop_whatever_the_batches() -> None:
    odds, targets = some()
    scores = LabelScores(3)
    sums = scores.zero()
    for part in torch.split(torch.arange(40), 7):
        sums = sums + scores.measure(functional.logsigmoid(odds[part]), batch(targets[part]))
    right = exact = 0
    counts = [[0, 0, 0] for _ in range(3)]  # found rightly, there, predicted
    for row in range(40):
        same = 0
        for c in range(3):
            there, said = bool(targets[row, c]), bool(odds[row, c] > 0)
            same += there == said
            for place, is_so in enumerate((there and said, there, said)):
                counts[c][place] += is_so
        right += same
        exact += same == 3
    found = scores.summary(sums)
    assert found["accuracy"] == pytest.approx(right / 120)
    assert found["exact_match"] == pytest.approx(exact / 40)
    f1s = [2 * hits / (there + said) for hits, there, said in counts]
    assert found["f1"] == pytest.approx(sum(f1s) / 3)
    hits, there, said = (sum(each) for each in zip(*counts, strict=True))
    assert found["f1_micro"] == pytest.approx(2 * hits / (there + said))


def test_a_label_that_is_neither_there_nor_predicted_does_not_count_in_f1() -> None:
    scores = LabelScores(2)
    log = torch.tensor([[-0.1, -5.0], [-5.0, -5.0]])
    found = scores.summary(scores.measure(log, batch(torch.tensor([[1.0, 0.0], [0.0, 0.0]]))))
    assert found == {"accuracy": 1, "exact_match": 1, "f1": 1, "f1_micro": 1}
    nothing = scores.summary(scores.measure(log[1:], batch(torch.zeros(1, 2))))
    assert nothing == {"accuracy": 1, "exact_match": 1, "f1": 1, "f1_micro": 1}


def outcomes(odds: Tensor, targets: Tensor) -> Outcomes:
    losses = functional.binary_cross_entropy_with_logits(odds, targets, reduction="none").sum(1).double()
    weights = torch.full((len(odds),), float(odds.shape[1])).double()
    return Outcomes(losses, weights, torch.arange(len(odds)), targets.double(), odds.double().sigmoid())


def test_an_evaluation_agrees_with_torchmetrics() -> None:
    odds, targets = some(labels=4)
    odds = odds.round(decimals=1)  # some are tied
    found = evaluate_labels(outcomes(odds, targets), Resampling(40, 50))
    options, truth = {"num_labels": 4}, targets.long()
    for name, theirs in {
        "precision": multilabel_precision,
        "recall": multilabel_recall,
        "f1": multilabel_f1_score,
        "average_precision": multilabel_average_precision,
    }.items():
        expected = theirs(odds.sigmoid(), truth, average=None, **options).tolist()  # type: ignore[operator]
        assert [each.value for each in found.per_label[name]] == pytest.approx(expected, abs=1e-6)
    assert found.metrics["f1"].value == pytest.approx(float(multilabel_f1_score(odds.sigmoid(), truth, **options)))
    micro = float(multilabel_f1_score(odds.sigmoid(), truth, average="micro", **options))
    assert found.metrics["f1_micro"].value == pytest.approx(micro)
    assert found.metrics["exact_match"].value == pytest.approx(
        float(multilabel_exact_match(odds.sigmoid(), truth, **options))
    )
    expected = float(multilabel_average_precision(odds.sigmoid(), truth, **options))
    assert found.metrics["average_precision"].value == pytest.approx(expected, abs=1e-6)
    assert found.metrics["loss"].value == pytest.approx(
        float(functional.binary_cross_entropy_with_logits(odds, targets))
    )
    assert found.support == truth.sum(0).tolist()
    told = LabelScores(4).summary(LabelScores(4).measure(functional.logsigmoid(odds), batch(targets)))
    assert {name: found.metrics[name].value for name in told} == pytest.approx(told)
    for each in found.metrics.values():
        assert each.low <= each.value <= each.high


def test_a_resample_is_the_set_with_sequences_several_times_or_not_at_all() -> None:
    odds, targets = some(12)
    odds = odds.round()
    counts = torch.randint(0, 3, (5, 12), generator=generator(4)).double()
    found = AveragePrecision(odds, targets > 0)(counts)
    for row, count in zip(found, counts, strict=True):
        taken = [i for i, times in enumerate(count.tolist()) for _ in range(int(times))]
        expected = multilabel_average_precision(
            odds[taken].sigmoid(), targets[taken].long(), num_labels=3, average=None
        )
        torch.testing.assert_close(row.float(), expected)


def test_lists_of_labels_are_known_by_not_fitting_the_steps() -> None:
    given = [["b", "a"], [], ["a"], ["c"]]
    found = read_targets(given, [5, 6, 7, 8])
    assert (found.predicts, found.classes) == ("labels", ("a", "b", "c"))
    assert isinstance(found.values, Tensor)
    assert found.values.tolist() == [[1, 1, 0], [0, 0, 0], [1, 0, 0], [0, 0, 1]]
    numbers = read_targets([[10, 9], [9], []], [5, 5, 5])
    assert (numbers.predicts, numbers.classes) == ("labels", ("9", "10"))
    assert read_targets([["a", "b"], ["a", "c"]], [2, 2]).predicts == "step_classes"
    assert read_targets([["a", "b"], ["a", "c"]], [2, 2], predicts="labels").predicts == "labels"
    with pytest.raises(WrongInput, match="sequence 0 has 5 steps but 2 targets"):
        read_targets([["a", "a"], ["a", "c"]], [5, 5])  # a label twice: steps that went missing


def test_an_array_of_0_and_1_may_say_which_labels_there_are() -> None:
    given = np.array([[0, 1, 1], [1, 0, 0]])
    for each in (given, given.astype(bool), torch.tensor(given)):
        found = read_targets(each, [9, 9], predicts="labels")
        assert found.classes == ("0", "1", "2")
        assert isinstance(found.values, Tensor)
        assert found.values.tolist() == given.tolist()
    with pytest.raises(WrongInput, match="other numbers than 0 and 1"):
        read_targets(given + 1, [9, 9], predicts="labels")


@pytest.mark.parametrize(
    ("given", "known", "told"),
    [
        ([["a"], ["b"]], ("a",), "the label 'b' is not among those to train on: a"),
        ([[], []], None, "no sequence has a label"),
        ([["a", None], ["b"]], None, "a label is missing"),
        (["a", "b"], None, "a target is no list"),
    ],
)
def test_what_cannot_be_labels_is_told(given: list[object], known: tuple[str, ...] | None, told: str) -> None:
    with pytest.raises(WrongInput, match=told):
        read_targets(given, [5, 6], predicts="labels", classes=known)


def test_a_carved_set_has_its_share_of_rare_labels() -> None:
    labels = [["often"] * (n % 2) + ["rare"] * (n % 20 == 3) for n in range(200)]
    inputs = torch.randn(200, 4, 1, generator=generator(1))
    for seed in range(5):
        data = load_data(Arrays(inputs=inputs, targets=labels), Loading(val_fraction=0.25), seed=seed)
        assert data.spec.predicts == "labels"
        assert data.test is not None
        assert data.val is not None
        assert [int(part.targets[:, 1].sum()) for part in (data.train, data.val, data.test)] == [6, 2, 2]
        assert data.spec.class_counts == tuple(data.train.targets.sum(0).long().tolist())


def test_labels_are_mixed_as_their_loss_is() -> None:
    inputs = torch.randn(40, 4, 1, generator=generator(2))
    arrays = Arrays(inputs=inputs, targets=[["a"] * (n % 2) + ["b"] * (n % 3 == 0) for n in range(40)])
    data = load_data(arrays, Loading(mixup=1.0), seed=0)
    chunks = data.training(seed=0, accumulate=1, chunk=1, total_steps=10, position=lambda: 0)
    mixed = torch.cat([batch.targets for batch in itertools.chain.from_iterable(itertools.chain.from_iterable(chunks))])
    assert mixed.shape[1] == 2
    assert ((mixed > 0) & (mixed < 1)).any()
