from collections.abc import Iterator
from functools import cache
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from seqtrain.datasets.mel import Mel
from seqtrain.datasets.sounds import KINDS
from seqtrain.errors import WrongInput
from seqtrain.sequences import Sequences, Sets, feature_statistics

# a quarter of the numbers of the default spectrogram, so that the tests are short
SMALLER = {"hop": 128, "frames": 65, "n_fft": 512, "mels": 64}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two are slower on layers as small as these
    yield
    torch.set_num_threads(threads)


@cache
def corpus() -> Sets:
    return Mel(train_size=1000, test_size=200, **SMALLER).load(0)


def normalised(part: Sequences) -> tuple[Tensor, Tensor]:
    mean, std = feature_statistics(corpus().train)
    batch = part.batch(torch.arange(len(part)))
    return (batch.inputs - mean) / std, batch.targets


def test_a_spectrogram_has_128_mels_and_129_frames_at_the_defaults() -> None:
    sets = Mel(train_size=20, test_size=10).load(0)
    assert sets.test is not None
    assert sets.train.features == 128
    assert (sets.train.shortest, sets.train.longest) == (129, 129)
    assert (len(sets.train), len(sets.test)) == (20, 10)
    assert sets.train.targets.bincount().tolist() == [2] * 10
    assert sets.classes == tuple(KINDS)
    assert torch.isfinite(sets.train.steps).all()


def test_the_seed_decides_every_sound_and_the_sets_differ() -> None:
    def load(seed: int) -> Sets:
        return Mel(train_size=10, test_size=10, **SMALLER).load(seed)

    first, again, other = load(1), load(1), load(2)
    assert first.test is not None
    assert torch.equal(first.train.steps, again.train.steps)
    assert torch.equal(first.train.targets, again.train.targets)
    assert not torch.equal(first.train.steps, other.train.steps)
    assert not torch.equal(first.train.steps, first.test.steps)


def accuracy(scores: Tensor, labels: Tensor) -> float:
    return float((scores.argmax(1) == labels).float().mean())


def test_the_average_over_time_does_not_tell_the_label() -> None:
    """Logistic regression, at the weight decay that suits the test set best."""
    test = corpus().test
    assert test is not None
    (inputs, labels), (unseen, answers) = normalised(corpus().train), normalised(test)
    best = 0.0
    for decay in (1e-4, 1e-2):
        linear = nn.Linear(inputs.shape[2], 10)
        nn.init.zeros_(linear.weight)
        optimizer = torch.optim.LBFGS(linear.parameters(), max_iter=200, line_search_fn="strong_wolfe")

        def loss(linear: nn.Linear = linear, decay: float = decay) -> Tensor:
            linear.zero_grad()
            value = nn.functional.cross_entropy(linear(inputs.mean(1)), labels) + decay * linear.weight.square().sum()
            value.backward()
            return value

        optimizer.step(loss)
        best = max(best, accuracy(linear(unseen.mean(1)), answers))
    assert 0.2 < best < 0.6


def test_convolutions_over_time_learn_the_label() -> None:
    test = corpus().test
    assert test is not None
    (inputs, labels), (unseen, answers) = normalised(corpus().train), normalised(test)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        score = accuracy(trained(inputs, labels, epochs=7)(unseen.transpose(1, 2)), answers)
    assert score >= 0.95


def trained(inputs: Tensor, labels: Tensor, *, epochs: int) -> nn.Module:
    layers: list[nn.Module] = []
    channels = [inputs.shape[2], 64, 128, 128]
    for before, after in pairwise(channels):
        layers += [nn.Conv1d(before, after, 5, padding=2), nn.BatchNorm1d(after), nn.ReLU()]
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(128, 10))
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    batches = len(inputs) // 32
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=epochs * batches)
    for _ in range(epochs):
        for some in torch.randperm(len(inputs))[: batches * 32].split(32):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(inputs[some].transpose(1, 2)), labels[some]).backward()
            optimizer.step()
            schedule.step()
    return network.eval()


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(
        WrongInput, match=r"n_fft is 256, which at 8000 Hz leaves .* empty: set data\.n_fft=512 or fewer"
    ):
        Mel(n_fft=256)
    with pytest.raises(WrongInput, match=r"frames is 20, which at hop 64 .* give at least 64"):
        Mel(frames=20)
    Mel(frames=64)
