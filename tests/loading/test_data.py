"""Loading a data set tells its spec, and carves a validation set where none is published."""

import pytest
import torch

from seqtrain.errors import WrongInput
from seqtrain.loading import Loading, load_data
from seqtrain.sequences import Sequences, Sets, feature_statistics


class Given:
    """A data set of ready sets."""

    def __init__(self, sets: Sets) -> None:
        self._sets = sets

    def load(self, seed: int) -> Sets:
        return self._sets


def labelled(count: int, features: int = 2, shift: int = 0) -> Sequences:
    inputs = [torch.randn(3 + i % 4, features) + i for i in range(count)]
    return Sequences.of(inputs, torch.arange(count) % 2)


def sets(**changes: object) -> Sets:
    parts = {"train": labelled(20), "val": None, "test": labelled(4), "predicts": "classes", "classes": ("a", "b")}
    return Sets(**(parts | changes))


def test_the_spec_is_told_by_the_data() -> None:
    spec = load_data(Given(sets(val=labelled(4))), Loading(), seed=0).spec
    assert (spec.features, spec.shortest, spec.longest, spec.width) == (2, 3, 6, 2)
    assert spec.class_counts == (10, 10)


def test_validation_is_carved_by_seed_and_class() -> None:
    first = load_data(Given(sets()), Loading(val_fraction=0.2), seed=0)
    again = load_data(Given(sets()), Loading(val_fraction=0.2), seed=0)
    other = load_data(Given(sets()), Loading(val_fraction=0.2), seed=1)
    assert (len(first.train), len(first.val)) == (16, 4)
    assert torch.equal(first.val.starts, again.val.starts)
    assert not torch.equal(first.val.starts, other.val.starts)
    assert torch.bincount(first.val.targets).tolist() == [2, 2]
    assert not set(first.val.starts.tolist()) & set(first.train.starts.tolist())


def test_a_published_validation_set_is_used() -> None:
    data = load_data(Given(sets(val=labelled(6))), Loading(val_fraction=0.5), seed=0)
    assert (len(data.train), len(data.val)) == (20, 6)


def test_statistics_come_from_the_training_set_alone() -> None:
    data = load_data(Given(sets(normalize=feature_statistics)), Loading(val_fraction=0.5), seed=0)
    assert data.statistics is not None
    assert torch.equal(data.statistics.mean, feature_statistics(data.train).mean)


def test_sets_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(WrongInput, match="the test set has 3 features a step but the training set has 2"):
        load_data(Given(sets(test=labelled(4, features=3))), Loading(), seed=0)
    with pytest.raises(WrongInput, match="must return a Sets"):
        load_data(Given(None), Loading(), seed=0)


def test_nothing_is_carved_to_validate_on_where_that_is_said() -> None:
    data = load_data(Given(sets()), Loading(val_fraction=0.0), seed=0)
    assert data.val is None
    assert len(data.train) == len(sets().train)


def test_classes_at_every_step_are_counted_without_padding() -> None:
    inputs = [torch.randn(2, 1), torch.randn(5, 1)]
    train = Sequences.of(inputs, [torch.tensor([1, 1]), torch.tensor([0, 1, 2, 2, 2])])
    data = Given(sets(train=train, val=train, test=None, predicts="step_classes", classes=("a", "b", "c")))
    assert load_data(data, Loading(duplicates="warn"), seed=0).spec.class_counts == (1, 3, 3)


def test_a_limit_keeps_the_same_few_sequences_of_every_set_and_augments_nothing() -> None:
    given = Given(sets(train=labelled(40), test=labelled(30), augment=lambda batch, draws: batch))
    data = load_data(given, Loading(limit=2, batch_size=3, val_fraction=0.5), seed=0)
    assert [len(part) for part in (data.train, data.val, data.test) if part is not None] == [6, 6, 6]
    assert data.augment is None
    assert data.steps_per_epoch(1) == 2
    assert len(set(data.train.targets.tolist())) == 2, "spread over the set, whose classes may come in order"
