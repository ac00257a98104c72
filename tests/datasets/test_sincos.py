import math
import time

import pytest
import torch

from seqtrain.datasets.sincos import SinCos
from seqtrain.errors import WrongInput
from seqtrain.sequences import Sequences


def every(sequences: Sequences) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    batch = sequences.batch(torch.arange(len(sequences)))
    assert batch.scored is not None
    return batch.inputs[:, :, 0], batch.targets[:, :, 0], batch.scored


def test_the_target_is_the_cosine_of_the_same_angle() -> None:
    sets = SinCos().load(0)
    for part, size in ((sets.train, 2400), (sets.val, 320), (sets.test, 320)):
        assert part is not None
        sines, cosines, scored = every(part)
        assert sines.shape == cosines.shape == scored.shape == (size, 50)
        torch.testing.assert_close(sines.square() + cosines.square(), torch.ones(size, 50))
        steps = torch.atan2(sines, cosines).diff(dim=1).remainder(2 * math.pi)
        torch.testing.assert_close(steps, torch.full_like(steps, 0.1), atol=1e-5, rtol=0)


def test_the_first_steps_are_not_scored() -> None:
    _, _, scored = every(SinCos(unscored=3, length=5, train_size=2).load(0).train)
    assert scored.tolist() == [[False, False, False, True, True]] * 2
    assert SinCos(unscored=0).load(0).train.scored is None


def test_each_set_has_phases_of_its_own_and_the_seed_decides_them() -> None:
    sets, again, other = SinCos(noise=0.1).load(1), SinCos(noise=0.1).load(1), SinCos(noise=0.1).load(2)
    assert sets.val is not None
    assert sets.test is not None
    parts = [sets.train.steps[:16000], sets.val.steps, sets.test.steps, other.train.steps[:16000]]
    for index, part in enumerate(parts):
        assert not any(torch.equal(part, rest) for rest in parts[index + 1 :])
    assert torch.equal(sets.train.steps, again.train.steps)
    assert torch.equal(sets.train.targets, again.train.targets)


def test_without_random_phases_every_sequence_starts_at_zero() -> None:
    sines, cosines, _ = every(SinCos(random_phases=False).load(0).train)
    assert sines[:, 0].tolist() == [0.0] * 2400
    assert cosines[:, 0].tolist() == [1.0] * 2400


def test_frequencies_lie_between_the_two_factors() -> None:
    sines, cosines, _ = every(SinCos(frequencies=[0.5, 2.0]).load(0).train)
    steps = torch.atan2(sines, cosines).diff(dim=1).remainder(2 * math.pi)
    torch.testing.assert_close(steps, steps[:, :1].expand_as(steps), atol=1e-5, rtol=0)
    assert 0.05 <= float(steps.min()) + 1e-5 < 0.06
    assert 0.19 < float(steps.max()) - 1e-5 <= 0.2


def test_noise_is_added_to_the_inputs_only() -> None:
    clean, noisy = SinCos().load(0).train, SinCos(noise=0.2).load(0).train
    assert torch.equal(clean.targets, noisy.targets)
    assert abs(float((noisy.steps - clean.steps).std()) - 0.2) < 0.01


def test_the_number_of_threads_changes_nothing() -> None:
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = SinCos().load(0).train
        torch.set_num_threads(3)
        three = SinCos().load(0).train
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(one.steps, three.steps)


def test_it_is_made_in_an_instant() -> None:
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        SinCos().load(0)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.1  # 4 ms on an idle core


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(WrongInput, match=r"unscored is 50, which leaves no step of 50"):
        SinCos(unscored=50)
    for frequencies in ([2.0, 1.0], [1.0]):
        with pytest.raises(WrongInput, match="frequencies is"):
            SinCos(frequencies=frequencies)
