"""A data set is described by what the user chose it for."""

import torch

from seqtrain.dimensions.data_words import describe, describe_batch
from seqtrain.loading import Loading, load_data
from seqtrain.sequences import Sequences, Sets, feature_statistics


class Fixed:
    def __init__(self, sets: Sets) -> None:
        self.sets = sets

    def load(self, seed: int) -> Sets:
        return self.sets


def sequences(lengths: list[int], targets: torch.Tensor | list[torch.Tensor]) -> Sequences:
    return Sequences.of([torch.full((length, 2), float(length)) for length in lengths], targets)


def test_a_class_for_each_sequence():
    train = sequences([1, 3, 5, 3], torch.tensor([0, 1, 1, 1]))
    sets = Sets(train, train, None, "classes", classes=("cat", "dog"), normalize=feature_statistics)
    data = load_data(Fixed(sets), Loading(duplicates="warn"), seed=0)
    assert describe(data) == {
        "sets": "4 sequences to train on, 4 to validate on, none to test on",
        "inputs": "2 features a step, 1 to 5 steps",
        "predicts": "one of 2 classes for each sequence",
        "classes": "cat 1, dog 3 (sequences to train on)",
        "normalising": "each feature minus its mean in the training set, over its standard deviation there "
        "(means 3.67, deviations 1.25)",
        "augmenting": "none",
    }
    assert describe_batch(train.batch(torch.arange(3))) == {
        "inputs": "(B, T, F) = (3, 5, 2)",
        "lengths": "1 to 5 steps: 9 valid of 3 x 5 = 15",
        "targets": "(3,) int64",
    }


def test_values_at_every_step():
    train = Sequences.of(
        [torch.ones(3, 1), torch.ones(2, 1)],
        [torch.ones(3, 1), torch.ones(2, 1)],
        scored=[torch.tensor([False, True, True]), torch.tensor([False, True])],
    )
    data = load_data(Fixed(Sets(train, train, train, "step_values")), Loading(duplicates="warn"), seed=0)
    told = describe(data)
    assert told["inputs"] == "1 feature a step, 2 to 3 steps"
    assert told["predicts"] == "1 value at every step"
    assert told["normalising"] == "none"
    assert "classes" not in told
    assert describe_batch(train.batch(torch.arange(2)))["scored"] == "3 of 5 valid steps"


def test_many_classes_are_cut():
    count = 345
    train = sequences([2] * count, torch.arange(count))
    sets = Sets(train, train, None, "classes", classes=tuple(f"class {i}" for i in range(count)))
    told = describe(load_data(Fixed(sets), Loading(duplicates="warn"), seed=0))["classes"]
    assert told.endswith("class 39 1 and 305 more (sequences to train on)")
