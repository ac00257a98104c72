"""Who trains, validates and tests: nothing that belongs together is on two sides, in folds or in what is carved."""

import logging
import re
from pathlib import Path

import pytest
import torch

from seqtrain.datasets.quickdraw import QuickDraw
from seqtrain.errors import WrongInput
from seqtrain.loading import Loading, load_data
from seqtrain.loading.join import join
from seqtrain.loading.padding import expected_padding
from seqtrain.loading.sides import divide
from seqtrain.sequences import Sequences, Sets


def numbered(count: int, *, start: int = 0, **more: object) -> Sequences:
    """Sequences of three classes; the one called n begins with n, so that no two are the same."""
    inputs = [torch.cat([torch.tensor([[n + 0.5]]), torch.ones(n % 3, 1)]) for n in range(start, start + count)]
    names = [f"{n}.wav" for n in range(start, start + count)]
    return Sequences.of(inputs, torch.arange(start, start + count) % 3, names=names, **more)  # type: ignore[arg-type]


def sets(train: Sequences, **changes: object) -> Sets:
    parts = {"val": None, "test": None, "predicts": "classes", "classes": ("a", "b", "c")}
    return Sets(train=train, **(parts | changes))  # type: ignore[arg-type]


def split(given: Sets, seed: int = 0, **settings: object) -> list[set[str]]:
    parts = divide(given, Loading(**settings), seed=seed)  # type: ignore[arg-type]
    return [set(part.names or ()) if part is not None else set() for part in parts]


class Given:
    def __init__(self, given: Sets) -> None:
        self._given = given

    def load(self, seed: int) -> Sets:
        return self._given


def test_folds_test_every_sequence_once_whatever_the_seed() -> None:
    given = sets(numbered(30), val=numbered(9, start=30), test=numbered(6, start=39))
    tested = []
    for fold in range(5):
        train, val, test = split(given, fold=fold, folds=5)
        assert len(train | val | test) == len(train) + len(val) + len(test) == 45
        assert len(test) == 9
        assert test == split(given, seed=1, fold=fold, folds=5)[2]
        assert val != split(given, seed=1, fold=fold, folds=5)[1]
        tested.append(test)
    assert len(set.union(*tested)) == 45


def test_folds_do_not_depend_on_how_a_data_set_was_split_by_a_seed() -> None:
    every = numbered(40)
    one, other = torch.randperm(40), torch.randperm(40)
    by_one, by_other = (sets(every.select(o[:30]), test=every.select(o[30:])) for o in (one, other))
    for fold in range(4):
        assert split(by_one, fold=fold, folds=4) == split(by_other, fold=fold, folds=4)


def test_groups_stay_on_one_side() -> None:
    groups = [f"speaker {n // 3 % 10}" for n in range(120)]
    given = sets(numbered(120, groups=groups), test_fraction=0.2)
    for settings in ({"val_fraction": 0.2}, {"fold": 1, "folds": 4}):
        parts = divide(given, Loading(**settings), seed=3)  # type: ignore[arg-type]
        speakers = [set(part.groups or ()) for part in parts if part is not None]
        assert sum(map(len, speakers)) == len(set.union(*speakers)) == 10
        assert all(speakers)
    of_two = sets(numbered(9, groups=["x"] * 9), test=numbered(3, start=9, groups=["x"] * 3))
    with pytest.raises(WrongInput, match=r"the group 'x' is on two sides of the split \(.*wav: train, 9.wav: test\)"):
        split(of_two, duplicates="warn", val_fraction=0.3)


def test_equal_sequences_on_two_sides_are_refused_with_an_example() -> None:
    test = join([numbered(3, start=50), numbered(1, start=5)])
    given = sets(numbered(30), test=test)
    message = r"5\.wav \((train|val)\) and 5\.wav \(test\) hold the same 3 steps; so 1 of 4 test sequences is in"
    with pytest.raises(WrongInput, match=message + r".*data\.duplicates=warn"):
        split(given)


@pytest.mark.parametrize("how", ["published", "warn"])
def test_equal_sequences_are_warned_of_where_that_is_all(how: str, caplog: pytest.LogCaptureFixture) -> None:
    given = sets(numbered(30), val=numbered(4, start=40), test=numbered(4, start=28), published=how == "published")
    with caplog.at_level(logging.WARNING, logger="seqtrain"):
        split(given, **({"duplicates": "warn"} if how == "warn" else {}))
    assert (
        "28.wav (train) and 28.wav (test) hold the same 2 steps; so 2 of 4 test sequences are in train" in caplog.text
    )


def test_equal_sequences_are_carved_together() -> None:
    twice = join([numbered(30), numbered(30)])
    for settings in ({}, {"fold": 0, "folds": 3}, {"duplicates": "warn"}):
        train, val, test = split(sets(twice, test_fraction=0.3), **settings)
        assert len(train) + len(val) + len(test) == len(train | val | test) == 30


def test_groups_that_equal_sequences_tie_can_still_be_split_where_that_is_allowed() -> None:
    silence = Sequences.of([torch.zeros(2, 1)] * 4, torch.zeros(4).long(), groups=list("abcd"))
    own = [numbered(9, start=9 * n, groups=[name] * 9) for n, name in enumerate("abcd")]
    given = sets(join([*own, silence]), test_fraction=0.25)
    with pytest.raises(WrongInput, match="none of 1 groups"):
        split(given)
    parts = divide(given, Loading(duplicates="warn", val_fraction=0.25), seed=0)
    assert [len(set(part.groups or ())) for part in parts if part is not None] == [2, 1, 1]


def test_sequences_that_all_are_the_same_leave_none_to_validate_on() -> None:
    same = Sequences.of([torch.ones(3, 1)] * 6, torch.arange(6) % 3)
    with pytest.raises(WrongInput, match="the 6 sequences to train on all hold the same steps"):
        split(sets(same))


def test_what_overlaps_in_time_is_carved_from_the_end_and_never_folded() -> None:
    given = sets(numbered(20), ordered=True, test_fraction=0.2)
    train, val, test = split(given, val_fraction=0.25)
    assert test == {f"{n}.wav" for n in range(16, 20)}
    assert val == {f"{n}.wav" for n in range(12, 16)}
    assert len(train) == 12
    with pytest.raises(WrongInput, match=r"overlap in time.*data\.fold=null data\.folds=null"):
        split(given, fold=0, folds=2)


def test_a_class_that_is_in_the_test_fold_only_is_refused() -> None:
    given = sets(numbered(12).select(torch.tensor([0, 3, 6, 9, 1, 4, 7, 2])))
    refused = 0
    for fold in range(3):
        try:
            split(given, fold=fold, folds=3)
        except WrongInput as error:
            assert f"fold {fold} of 3 holds every sequence of the class 'c', as 2.wav" in str(error)  # noqa: PT017
            refused += 1
    assert refused == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fold": 2}, "fold is 2 but folds is null: set data.folds"),
        ({"folds": 3}, r"folds is 3 but fold is null.*-m data\.fold=0,1,2"),
        ({"fold": 3, "folds": 3}, r"fold is 3 but folds is 3: data\.fold counts from 0 to 2"),
    ],
)
def test_folds_that_make_no_sense_are_refused(settings: dict[str, int], message: str) -> None:
    with pytest.raises(WrongInput, match=message):
        Loading(**settings)  # type: ignore[arg-type]


def test_joined_sets_read_as_before() -> None:
    parts = []
    for count in (3, 4):
        inputs = [torch.randn(n + 1, 2) for n in range(count)]
        scored = [torch.rand(len(each)) > 0.5 for each in inputs] if count == 4 else None
        parts.append(Sequences.of(inputs, [each * 2 for each in inputs], scored=scored))
    whole = join(parts)
    for index in range(7):
        part, place = (parts[0], index) if index < 3 else (parts[1], index - 3)
        one, other = whole.batch(torch.tensor([index])), part.batch(torch.tensor([place]))
        assert torch.equal(one.inputs, other.inputs)
        assert torch.equal(one.targets, other.targets)
        assert one.scored is not None
        assert other.scored is not None
        assert torch.equal(one.scored, other.scored)
    again = join([whole.select(torch.tensor([5, 0, 2])), whole.select(torch.tensor([1, 6, 3, 4]))])
    assert again.steps.data_ptr() == whole.steps.data_ptr()
    assert torch.equal(again.starts, whole.starts)


def test_a_balanced_epoch_draws_rare_classes_as_often() -> None:
    train = numbered(300).select(torch.tensor([n for n in range(300) if n % 3 or n < 9]))
    data = load_data(Given(sets(train)), Loading(balanced=True), seed=0)
    batches = data.training(seed=0, accumulate=1, chunk=4, total_steps=10**6, position=lambda: 0)
    read = [batch for chunk in batches for group in chunk for batch in group]
    targets = torch.cat([batch.targets for batch in read])
    assert len(targets) == len(data.train)
    assert torch.bincount(targets).min() > len(targets) / 5
    assert all(torch.equal(data.train.targets[batch.indices], batch.targets) for batch in read)
    values = Sequences.of([torch.ones(2, 1), torch.zeros(2, 1)], torch.zeros(2, 1))
    with pytest.raises(WrongInput, match=r"set data\.balanced=false"):
        load_data(Given(sets(values, predicts="values", classes=())), Loading(balanced=True), seed=0)


def test_a_sequence_that_is_drawn_again_is_augmented_otherwise() -> None:
    def noisy(batch, draws):  # type: ignore[no-untyped-def]
        return batch._replace(inputs=batch.inputs + draws.uniform(1, 1))

    train = numbered(60).select(torch.tensor([0, *(n for n in range(60) if n % 3 == 1)]))
    given = sets(train, val=numbered(3, start=90), augment=noisy)
    data = load_data(Given(given), Loading(balanced=True, length_pool=1), seed=0)
    batches = data.training(seed=0, accumulate=1, chunk=4, total_steps=10**6, position=lambda: 0)
    read = [batch for chunk in batches for group in chunk for batch in group]
    first_steps = torch.cat([batch.inputs[batch.targets == 0, 0, 0] for batch in read])
    assert len(first_steps) > 5
    assert len(first_steps.unique()) == len(first_steps)


def test_an_augmentation_that_needs_the_training_set_gets_what_is_trained_on() -> None:
    seen = []
    given = sets(numbered(30), test_fraction=0.2, fit_augment=lambda train: seen.append(len(train)))
    data = load_data(Given(given), Loading(), seed=0)
    assert seen == [len(data.train)]
    assert len(data.train) < 24


def test_the_padding_is_told(caplog: pytest.LogCaptureFixture) -> None:
    for pool in (1, 5):
        data = load_data(Given(sets(numbered(60))), Loading(batch_size=4, length_pool=pool), seed=0)
        with caplog.at_level(logging.INFO, logger="seqtrain"):
            data.training(seed=0, accumulate=1, chunk=1, total_steps=1, position=lambda: 0)
    mixed, sorted_ = (message for message in caplog.messages if message.startswith("padding"))
    share = r"padding: (\d+)% of the steps that are computed"
    otherwise = re.fullmatch(share + r"; (\d+)% if lengths were mixed", sorted_)
    assert otherwise is not None
    assert re.fullmatch(share, mixed)[1] == otherwise[2]  # type: ignore[index]
    assert int(otherwise[1]) < int(otherwise[2])


def test_batches_by_length_pad_little_of_raw_drawings(data_root: Path) -> None:
    drawings = QuickDraw(folder="sketch/quickdraw_raw", root=str(data_root))
    train = load_data(drawings, Loading(), seed=0).train
    mixed, by_length = (expected_padding(train.lengths, 32, pool=pool, seed=0) for pool in (1, 20))
    print(f"padding: {mixed:.1%} of the steps in batches of all lengths, {by_length:.1%} in batches by length")
    assert by_length < 0.1 < mixed
