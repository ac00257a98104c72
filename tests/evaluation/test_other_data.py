"""Which data can be put to a network that was trained on other data."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from seqtrain.batch import Predicts, Spec
from seqtrain.errors import WrongInput
from seqtrain.evaluation import ChosenSet, check_fits
from seqtrain.heads import FlattenHead, LogProbabilities, PooledHead, mean_over_time
from seqtrain.loading import Data, Loading
from seqtrain.models.linear import Linear
from seqtrain.network import Network
from seqtrain.sequences import Sequences

TRAINED = Spec(2, 3, 10, "classes", 3, ("a", "b", "c"))


def network(head: nn.Module) -> Network:
    return Network(None, Linear(2), LogProbabilities(head))


POOLED = network(PooledHead(2, 3, pool=mean_over_time))
FLATTENED = network(FlattenHead(Linear(2).out_features, 3, steps=10))


def test_fewer_classes_and_other_lengths_fit() -> None:
    check_fits(replace(TRAINED, classes=("c", "a"), width=2, longest=50), TRAINED, POOLED)
    check_fits(replace(TRAINED, longest=9), TRAINED, FLATTENED)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": 3}, "it has 3 features at each step and not 2"),
        ({"predicts": "values"}, "it has values for each sequence and not a class for each sequence"),
        ({"classes": ("a", "x", "y")}, r"not trained on: x, y \(the run knows a, b, c\)"),
        ({"longest": 11}, "longest sequence has 11 steps and the flatten head was trained on 10"),
    ],
)
def test_what_differs_is_told(change: dict[str, Predicts], message: str) -> None:
    with pytest.raises(WrongInput, match=message):
        check_fits(replace(TRAINED, **change), TRAINED, FLATTENED)  # type: ignore[arg-type]


def some(*targets: int) -> Sequences:
    steps = [torch.full((3 + target, 2), float(target)) for target in targets]
    return Sequences.of(steps, torch.tensor(targets), names=[f"of {target}" for target in targets])


def data(test: Sequences | None) -> Data:
    spec = replace(TRAINED, classes=("c", "a"), width=2)
    return Data(some(0, 0, 1), some(1), test, spec, "curve", None, None, None, Loading(batch_size=2))


def test_classes_are_matched_by_name_and_sets_are_counted_through() -> None:
    chosen = ChosenSet(data(some(1, 0)), "all", TRAINED.classes)
    assert len(chosen) == 6
    batches = list(chosen.batches())
    found = {i: t for b in batches for i, t in zip(b.indices.tolist(), b.targets.tolist(), strict=True)}
    assert found == {0: 2, 1: 2, 2: 0, 3: 0, 4: 0, 5: 2}
    picked = chosen.pick([5, 3, 0])
    assert picked.lengths.tolist() == [3, 4, 3]
    assert picked.targets.tolist() == [2, 0, 2]
    assert [chosen.name(i) for i in (0, 3, 4)] == ["of 0", "of 1", "of 1"]


def test_a_set_that_is_not_there_is_told() -> None:
    with pytest.raises(WrongInput, match="no test set: set set=val"):
        ChosenSet(data(None), "test", TRAINED.classes)
    assert len(ChosenSet(data(None), "all", TRAINED.classes)) == 4
