"""Mixup is two sequences, their targets and their losses, mixed by one share; and a function of the batch alone."""

from pathlib import Path

import pytest
import torch
from composing import composed, trained
from torch import Tensor

from seqtrain.arrays import Arrays
from seqtrain.batch import Batch
from seqtrain.checkpoints import read_checkpoint
from seqtrain.criteria import ClassCriterion
from seqtrain.errors import WrongInput
from seqtrain.loading import Loading, load_data
from seqtrain.loading.batches import Reader
from seqtrain.loading.mixup import Mixup
from seqtrain.metrics import ClassScores
from seqtrain.network import Normalize
from seqtrain.parts import prepare_parts
from seqtrain.randomness import generator
from seqtrain.sequences import Sequences, feature_statistics
from seqtrain.training_run import train

COUNT, CLASSES = 23, 4


def some(targets: Tensor | None = None) -> Sequences:
    series = [torch.randn(5 + i % 7, 2, generator=generator(i)) + 3 for i in range(COUNT)]
    return Sequences.of(series, torch.arange(COUNT) % CLASSES if targets is None else targets)


def reader(sequences: Sequences | None = None, rank: int = 0, ranks: int = 1, alpha: float = 0.5) -> Reader:
    train = sequences or some()
    mean = feature_statistics(train).mean
    return Reader(train, seed=3, mixup=Mixup(alpha, CLASSES, mean), rank=rank, ranks=ranks)


def shares(alpha: float) -> Tensor:
    """What every sequence of many batches is of itself, told by a feature that is 1 of it and 0 of the others."""
    series = list(torch.eye(COUNT)[:, None].expand(-1, 4, -1))
    sequences = Sequences.of(series, torch.arange(COUNT)[:, None].float())
    mixed = Reader(sequences, seed=1, mixup=Mixup(alpha))
    batches = [mixed[epoch, torch.arange(COUNT)] for epoch in range(200)]
    for batch in batches:
        inputs = batch.inputs
        torch.testing.assert_close(inputs.sum(2), torch.ones(COUNT, 4))
        torch.testing.assert_close(inputs[:, 0] @ torch.arange(float(COUNT)), batch.targets[:, 0])  # mixed alike
        assert ((inputs[:, 0] > 0).sum(1) <= 2).all()
    return torch.cat([batch.inputs[:, 0].diagonal() for batch in batches])


def test_shares_are_those_of_the_beta_distribution_and_the_larger_one_is_the_sequences_own() -> None:
    for alpha in (0.2, 1.0):
        own = shares(alpha)
        own = own[own < 1]  # some are their own partner
        assert (own >= 0.5).all()
        # The variance of Beta(a, a) is 1 / (4 (2a + 1)), whichever of both shares is looked at.
        torch.testing.assert_close((own - 0.5).square().mean(), torch.tensor(1 / (8 * alpha + 4)), rtol=0.05, atol=0)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, torch.tensor([0.2, 1.0, 3.0, 0.7])])
def test_the_loss_is_that_of_both_classes_by_their_shares(smoothing: float, weights: Tensor | None) -> None:
    one, other = torch.tensor([0, 3, 2, 1]), torch.tensor([1, 3, 0, 2])
    kept = torch.tensor([0.9, 0.6, 0.5, 1.0])
    lengths, indices = torch.full((4,), 3), torch.arange(4)
    pair = [Batch(torch.randn(4, 3, 2), lengths, targets, None, indices) for targets in (one, other)]
    batch = Mixup(1.0, CLASSES).mixed(*pair, kept)
    log_probabilities = torch.randn(4, CLASSES).log_softmax(-1)
    criterion = ClassCriterion(label_smoothing=smoothing, class_weights=weights)
    loss = weight = 0.0
    of_class = [1.0] * CLASSES if weights is None else weights.tolist()
    for row in range(4):
        for target, share in ((int(one[row]), float(kept[row])), (int(other[row]), 1 - float(kept[row]))):
            for c in range(CLASSES):
                wanted = (1 - smoothing) * (c == target) + smoothing / CLASSES
                loss -= share * of_class[c] * wanted * float(log_probabilities[row, c])
            weight += share * of_class[target]
    assert float(criterion(log_probabilities, batch)) == pytest.approx(loss, rel=1e-5)
    assert float(criterion.weight(batch)) == pytest.approx(weight, rel=1e-5)


def test_metrics_of_training_are_against_the_class_with_the_larger_share() -> None:
    one, other = torch.tensor([0, 3, 2, 1]), torch.tensor([1, 2, 0, 2])
    batches = [Batch(torch.zeros(4, 3, 1), torch.full((4,), 3), t, None, torch.arange(4)) for t in (one, other)]
    outputs, scores = torch.randn(4, CLASSES), ClassScores(CLASSES)
    mixed = Mixup(1.0, CLASSES).mixed(*batches, torch.tensor([0.9, 0.6, 0.51, 1.0]))
    assert torch.equal(scores.measure(outputs, mixed), scores.measure(outputs, batches[0]))


def test_of_two_lengths_the_longer_counts_and_a_network_sees_zeros_beyond_the_shorter() -> None:
    sequences = some()
    normalize = Normalize(feature_statistics(sequences))
    one, other = torch.arange(0, 7), torch.arange(6, 13)
    shares = torch.linspace(0.5, 1, 7)
    mixup = Mixup(1.0, CLASSES, feature_statistics(sequences).mean)
    batch = mixup.mixed(sequences.batch(one), sequences.batch(other), shares)
    seen = normalize(batch.inputs, batch.lengths)
    for row, pair in enumerate(zip(one, other, strict=True)):
        longest = max(int(sequences.lengths[which]) for which in pair)
        assert batch.lengths[row] == longest
        alone = [normalize(*sequences.batch(which[None])[:2])[0] for which in pair]
        for step in range(longest):
            expected = torch.zeros(2)
            for share, steps in zip((shares[row], 1 - shares[row]), alone, strict=True):
                if step < len(steps):
                    expected += share * steps[step]
            torch.testing.assert_close(seen[row, step], expected, atol=1e-5, rtol=0)
        assert not batch.inputs[row, longest:].any()


def test_a_batch_is_mixed_alike_whoever_reads_how_much_of_it() -> None:
    draws = torch.arange(11)
    whole = reader()[5, draws]
    for ranks in (2, 3):
        for rank in range(ranks):
            part = reader(rank=rank, ranks=ranks)[5, draws]
            rows = torch.arange(rank, 11, ranks)
            assert torch.equal(part.targets, whole.targets[rows])
            assert torch.equal(part.lengths, whole.lengths[rows])
            assert torch.equal(part.inputs, whole.inputs[rows, : part.inputs.shape[1]])
    assert not torch.equal(whole.targets, reader()[6, draws].targets)
    assert reader(rank=2, ranks=3)[5, torch.arange(2)].stands_in


def test_neither_workers_nor_an_interruption_change_what_is_mixed() -> None:
    def batches(workers: int, position: int) -> list[Batch]:
        arrays = Arrays(inputs=[each.numpy() for each in some().steps.split(6)], targets=["a", "b"] * 15, jitter=0.1)
        data = load_data(arrays, Loading(batch_size=4, workers=workers, mixup=0.4, balanced=True), seed=2)
        chunks = data.training(seed=2, accumulate=1, chunk=2, total_steps=30, position=lambda: position)
        return [batch for chunk in chunks for group in chunk for batch in group]

    whole = batches(0, 0)
    assert any((batch.targets.max(1).values < 1).any() for batch in whole)
    for workers, position in ((1, 0), (2, 0), (0, 3), (2, 3)):
        again = batches(workers, position)
        assert len(again) == len(whole) - position
        for one, other in zip(whole[position:], again, strict=True):
            assert torch.equal(one.inputs, other.inputs)
            assert torch.equal(one.targets, other.targets)


def test_targets_of_steps_are_not_mixed() -> None:
    arrays = Arrays(inputs=[torch.full((4, 1), float(i)) for i in range(20)], targets=[torch.arange(4)] * 20)
    with pytest.raises(WrongInput, match=r"mixup is 0.2 but the data has targets at every step.*set data.mixup=0"):
        load_data(arrays, Loading(mixup=0.2), seed=0)


def test_validation_is_never_mixed() -> None:
    arrays = Arrays(inputs=torch.randn(40, 6, 1), targets=torch.randn(40, 2))
    data = load_data(arrays, Loading(mixup=1.0, batch_size=100), seed=0)
    assert data.val is not None
    assert torch.equal(
        next(iter(data.plain(data.val, chunk=1)))[0].inputs, data.val.batch(torch.arange(len(data.val))).inputs
    )


def test_a_mixed_run_that_is_stopped_and_goes_on_ends_with_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seqtrain.learner import Learner

    words = ["model=gru", "data=sketch", "data.train_size=60", "data.test_size=10", "data.mixup=0.4"]
    words += ["data.batch_size=8", "trainer.max_epochs=3", "trainer.progress=false", "logger=csv"]
    words += ["checkpoint.minutes=1e-9", "trainer.steps_per_execution=2"]
    trained(tmp_path / "whole", *words)
    step = Learner._step

    def stops(self: Learner, *given: object) -> float:
        if self.trainer.global_step == 9:
            raise KeyError("stop")
        return step(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Learner, "_step", stops)
    with pytest.raises(KeyError):
        trained(tmp_path / "cut", *words)
    monkeypatch.undo()
    train(prepare_parts(composed(*words, "data.workers=2")), tmp_path / "cut", config="", overrides=[], resume=True)
    assert (tmp_path / "cut" / "metrics.csv").read_text() == (tmp_path / "whole" / "metrics.csv").read_text()
    whole, cut = (
        read_checkpoint(tmp_path / name / "checkpoints" / "last.ckpt")["state_dict"] for name in ("whole", "cut")
    )
    assert all(torch.equal(whole[name], cut[name]) for name in whole)
