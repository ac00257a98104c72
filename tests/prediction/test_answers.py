"""Items become answers as they come, and each bad one is told by its name."""

from collections.abc import Iterator

import pytest
import torch
from composing import composed
from test_padding import FEATURES, make_data

from seqtrain.assemble import assemble
from seqtrain.batch import Spec
from seqtrain.build import prepare
from seqtrain.errors import WrongInput
from seqtrain.items import Item
from seqtrain.prediction.answers import answers
from seqtrain.trained import Trained


def make_trained(*overrides: str, task: str = "classification") -> Trained:
    config = composed(f"task={task}", *overrides)
    scorer = prepare(config.task, "task")()
    data = make_data(scorer.predicts)
    return Trained(assemble(prepare(config.model, "model"), scorer, data, seed=0), data.spec, config)


class Told(dict[str, str]):
    def __call__(self, name: str, error: WrongInput) -> None:
        self[name] = str(error)


def numbered(lengths: list[int]) -> list[Item]:
    return [(f"item {place}", torch.randn(length, FEATURES)) for place, length in enumerate(lengths)]


@pytest.mark.parametrize("task", ["classification", "step_regression"])
def test_an_answer_is_what_the_model_says_of_the_item_alone(task: str) -> None:
    trained, bad = make_trained("model=gru", task=task), Told()
    items = numbered([3, 40, 1, 12, 7])
    found = [answer for some in answers(trained, items, batch_size=2, bad=bad) for answer in some]
    assert [answer.name for answer in found] == [name for name, _ in items]
    for answer, (_, steps) in zip(found, items, strict=True):
        expected = trained.outputs([steps])[0]
        torch.testing.assert_close(answer.outputs, expected.exp() if trained.classes else expected)
    assert not bad


def test_probabilities_sum_to_one() -> None:
    (some,) = answers(make_trained("model=linear"), numbered([4]), batch_size=8, bad=Told())
    assert float(some[0].outputs.sum()) == pytest.approx(1)


def test_bad_items_are_named_and_the_others_answered() -> None:
    bad = Told()
    hole = torch.zeros(5, FEATURES)
    hole[2, 1] = torch.nan
    items = [
        *numbered([4]),
        ("torn", WrongInput("torn was cut short")),
        ("empty", torch.zeros(0, FEATURES)),
        ("wide", torch.zeros(3, FEATURES + 1)),
        ("hole", hole),
        ("long", torch.zeros(41, FEATURES)),
        ("last", torch.zeros(40, FEATURES)),
    ]
    trained = make_trained("model=sketchmate")
    found = [answer.name for some in answers(trained, items, batch_size=3, bad=bad) for answer in some]
    assert found == ["item 0", "last"]
    assert list(bad) == ["torn", "empty", "wide", "hole", "long"]
    assert bad["torn"] == "torn was cut short"
    assert bad["wide"] == "has 4 features a step but the model was trained on 3"
    assert "nan at step 2, feature 1" in bad["hole"]
    assert "at most 30: shorten the input" in bad["long"]


def test_padding_that_copies_steps_takes_one_length_only() -> None:
    trained, bad = make_trained("model=conv1d"), Told()
    trained.network.backbone.layers[0].conv.padding_mode = "reflect"
    trained.spec = Spec(**(vars(trained.spec) | {"shortest": 40}))
    found = list(answers(trained, numbered([40, 39]), batch_size=2, bad=bad))
    assert [answer.name for some in found for answer in some] == ["item 0"]
    assert "model.padding_mode=zeros" in bad["item 1"]


def test_an_endless_stream_is_answered_as_it_comes() -> None:
    taken = []

    def endless() -> Iterator[Item]:
        while True:
            taken.append(1)
            yield f"item {len(taken)}", torch.zeros(2, FEATURES)

    stream = answers(make_trained("model=linear"), endless(), batch_size=4, bad=Told())
    assert [len(next(stream)) for _ in range(3)] == [4, 4, 4]
    assert len(taken) == 12
