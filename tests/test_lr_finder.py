"""A range test trains at rates that grow, and finds where the loss falls fastest."""

import math

import pytest
import torch
from torch import nn

from seqtrain.criteria import ValueCriterion
from seqtrain.datasets.sincos import SinCos
from seqtrain.figures.lr_finder import lr_finder
from seqtrain.figures.style import pixels
from seqtrain.heads import StepHead
from seqtrain.loading import Data, Loading, load_data
from seqtrain.lr_finder import HIGHEST, LOWEST, RangeTest, range_test
from seqtrain.metrics import ValueScores
from seqtrain.models.linear import Linear
from seqtrain.network import Network
from seqtrain.optimizers import SGD


@pytest.fixture
def data() -> Data:
    return load_data(SinCos(length=6, unscored=0, train_size=10, val_size=2), Loading(batch_size=4), seed=0)


def network() -> Network:
    torch.manual_seed(0)
    backbone = Linear(1)
    return Network(None, backbone, StepHead(backbone.out_features, 1))


def found_by(data: Data, **settings: object) -> RangeTest:
    criterion, scores = ValueCriterion("mse"), ValueScores(1)
    return range_test(network(), criterion, scores, data, optimizer=SGD(momentum=0.0), seed=0, **settings)  # type: ignore[arg-type]


def test_losses_are_those_of_a_plain_loop_at_rates_that_grow(data: Data) -> None:
    found = found_by(data, updates=8)
    model, position, losses = network(), 0, []
    batches = data.training(seed=0, accumulate=1, chunk=1, total_steps=8, position=lambda: position)
    while position < 8:
        for ((batch,),) in batches:
            rate = LOWEST * (HIGHEST / LOWEST) ** (position / 7)
            loss = nn.functional.mse_loss(model(batch.inputs, batch.lengths), batch.targets)
            gradients = torch.autograd.grad(loss, [*model.parameters()])
            for parameter, gradient in zip(model.parameters(), gradients, strict=True):
                parameter.data -= rate * gradient
            losses.append(float(loss.detach()))
            assert found.rates[position] == pytest.approx(rate)
            position += 1
    assert found.losses == pytest.approx(losses, rel=1e-5)


def test_it_ends_where_the_loss_has_left_the_ground(data: Data) -> None:
    found = found_by(data, updates=60)
    assert len(found.rates) < 60
    assert found.smoothed[-1] > 4 * min(found.smoothed)
    assert all(math.isfinite(loss) for loss in found.losses)


def test_the_smoothed_loss_is_a_running_mean_of_weights_that_add_up_to_one() -> None:
    losses = [3.0, 1.0, 4.0, 1.0, 5.0]
    expected = []
    for count in range(1, 6):
        weights = [0.9 ** (count - 1 - place) for place in range(count)]
        expected.append(sum(w * each for w, each in zip(weights, losses, strict=False)) / sum(weights))
    assert RangeTest([1.0] * 5, losses).smoothed == pytest.approx(expected)


def test_the_steepest_fall_is_suggested_and_a_rise_is_not() -> None:
    rates = [10 ** (place / 10 - 6) for place in range(70)]
    falling = [1 / (1 + math.exp((place - 40) / 2)) for place in range(70)]
    suggestion = RangeTest(rates, falling).suggestion
    assert suggestion is not None
    assert rates[38] <= suggestion <= rates[46]  # the mean comes some updates later
    assert RangeTest(rates, [1 - each for each in falling]).suggestion is None
    assert RangeTest(rates[:5], falling[:5]).suggestion is None


def test_the_figure_marks_the_suggestion(data: Data) -> None:
    found = found_by(data, updates=60)
    figure = lr_finder(found)
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    labels = [line.get_label() for line in axes.get_lines()]
    assert found.suggestion is not None
    assert labels == ["of an update", "smoothed", f"steepest: lr {found.suggestion:.2g}"]
    assert pixels(figure).std() > 0
    flat = RangeTest([1e-3] * 20, [1.0] * 20)
    assert [line.get_label() for line in lr_finder(flat).axes[0].get_lines()] == ["of an update", "smoothed"]
