import time
from functools import cache

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from seqtrain.datasets.shapes import SHAPES
from seqtrain.datasets.sketch import Sketch
from seqtrain.datasets.strokes import step_scale
from seqtrain.randomness import Draws
from seqtrain.sequences import Sequences, Sets

PLAIN = {"scale": 0.0, "drop": 0.0}


@cache
def corpus() -> Sets:
    """Fewer points a drawing than the default, so that the tests are short."""
    return Sketch(speed=16.0, **PLAIN).load(0)


@cache
def deviation() -> Tensor:
    return step_scale(corpus().train).std


def normalised(part: Sequences, indices: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    batch = part.batch(indices)
    return batch.inputs / deviation(), batch.lengths, batch.targets


def all_of(part: Sequences) -> tuple[Tensor, Tensor, Tensor]:
    return normalised(part, torch.arange(len(part)))


def test_thousands_of_drawings_are_made_in_three_seconds() -> None:
    started = time.process_time()
    sets = Sketch().load(0)
    assert time.process_time() - started < 3
    assert sets.test is not None
    assert (len(sets.train), len(sets.test), sets.train.features) == (2000, 500, 3)
    assert (sets.predicts, sets.view, sets.classes) == ("classes", "drawing", tuple(SHAPES))
    assert torch.bincount(sets.train.targets).tolist() == [200] * 10


def test_the_seed_makes_the_drawings() -> None:
    sketch = Sketch(train_size=20, test_size=20)
    first, again, other = sketch.load(1), sketch.load(1), sketch.load(2)
    assert first.test is not None
    assert torch.equal(first.train.steps, again.train.steps)
    assert not torch.equal(first.train.steps[:10], other.train.steps[:10])
    assert not torch.equal(first.train.steps[:10], first.test.steps[:10])


@pytest.mark.parametrize("points", [24, 50, 196])
@pytest.mark.parametrize("speed", [0.5, 12.0, 1000.0])
def test_a_drawing_has_at_most_the_points_asked_for(points: int, speed: float) -> None:
    train = Sketch(train_size=200, points=points, speed=speed).load(0).train
    assert train.longest <= points
    assert train.shortest >= 2
    assert torch.isfinite(train.steps).all()
    assert set(train.steps[:, 2].tolist()) == {0.0, 1.0}
    assert (train.steps[train.starts + train.lengths - 1, 2] == 1).all()
    assert not train.steps[train.starts, :2].any()


def test_more_wobble_is_a_longer_way() -> None:
    lengths = []
    for wobble in (0.0, 0.02, 0.1):
        steps = Sketch(train_size=100, wobble=wobble).load(0).train.steps
        lengths.append(float(steps[:, :2].square().sum()))
    assert lengths == sorted(lengths)


def test_drawings_are_redrawn_in_training_unless_told_otherwise() -> None:
    assert corpus().augment is None
    sets = Sketch(train_size=20).load(0)
    assert sets.augment is not None
    batch = sets.train.batch(torch.arange(20))
    again = sets.augment(batch, Draws(0, 0, batch.indices))
    assert (again.lengths < batch.lengths).any()
    assert torch.equal(again.targets, batch.targets)


def test_a_linear_model_of_the_time_average_does_not_tell_the_classes() -> None:
    assert corpus().test is not None
    steps, lengths, targets = all_of(corpus().train)
    mean = steps.sum(1) / lengths[:, None]  # (N, 3)
    center, spread = mean.mean(0), mean.std(0)
    model = nn.Linear(3, 10)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=300)

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = functional.cross_entropy(model((mean - center) / spread), targets)
        value.backward()
        return value

    optimizer.step(loss)
    steps, lengths, targets = all_of(corpus().test)
    predicted = model((steps.sum(1) / lengths[:, None] - center) / spread).argmax(1)
    assert (predicted == targets).float().mean() < 0.6


class Convolutions(nn.Module):
    """Three convolutions with batch norm, averaged over the steps that are left."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv1d(3, 32, 7, 1, 3), nn.Conv1d(32, 64, 7, 2, 3), nn.Conv1d(64, 64, 9, 2, 4)])
        self.norms = nn.ModuleList([nn.BatchNorm1d(32), nn.BatchNorm1d(64), nn.BatchNorm1d(64)])
        self.head = nn.Linear(64, 10)

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        steps = inputs.transpose(1, 2)  # (B, F, T)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            steps = norm(conv(steps)).relu()
            lengths = (lengths - 1) // conv.stride[0] + 1
            steps = steps * (torch.arange(steps.shape[2]) < lengths[:, None])[:, None]
        return self.head(steps.sum(2) / lengths[:, None])


def test_convolutions_learn_the_classes() -> None:
    torch.manual_seed(0)
    model, epochs = Convolutions(), 9
    train, test = corpus().train, corpus().test
    assert test is not None
    optimizer = torch.optim.Adam(model.parameters())
    total = epochs * -(-len(train) // 32)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=5e-3, total_steps=total)
    for _ in range(epochs):
        for indices in torch.randperm(len(train)).split(32):
            steps, lengths, targets = normalised(train, indices)
            optimizer.zero_grad()
            functional.cross_entropy(model(steps, lengths), targets).backward()
            optimizer.step()
            schedule.step()
    model.eval()
    steps, lengths, targets = all_of(test)
    assert (model(steps, lengths).argmax(1) == targets).float().mean() >= 0.95
