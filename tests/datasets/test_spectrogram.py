import math
import subprocess
import sys

import pytest
import torch
from torch import Tensor

from seqtrain.batch import Batch, valid_steps
from seqtrain.datasets.spec_augment import SpecAugment
from seqtrain.datasets.spectrogram import LogMel
from seqtrain.errors import WrongInput
from seqtrain.randomness import Draws, generator


def log_mel(**settings: int) -> LogMel:
    return LogMel(**({"sample_rate": 8000, "n_fft": 256, "hop": 64, "mels": 20} | settings))


def noise(*lengths: int) -> list[Tensor]:
    return [torch.randn(length, generator=generator(length)) for length in lengths]


def test_it_is_the_logarithm_of_the_power_in_triangles_on_the_mel_scale() -> None:
    """Against plain loops over frames and filters."""
    (recording,) = noise(700)
    rows = log_mel()([recording])[0]
    assert rows.shape == (1 + 700 // 64, 20)

    def hertz(mel: float) -> float:
        return 700 * (10 ** (mel / 2595) - 1)

    top = 2595 * math.log10(1 + 4000 / 700)
    edges = [hertz(top * i / 21) for i in range(22)]
    window = torch.hann_window(256)
    padded = torch.cat([torch.zeros(128), recording, torch.zeros(128)])
    for frame, row in enumerate(rows):
        power = torch.fft.rfft(padded[frame * 64 : frame * 64 + 256] * window).abs().square()
        for mel, value in enumerate(row.tolist()):
            low, centre, high = edges[mel : mel + 3]
            total = 1e-6
            for bin_, cell in enumerate(power.tolist()):
                frequency = bin_ * 8000 / 256
                total += cell * max(0.0, min((frequency - low) / (centre - low), (high - frequency) / (high - centre)))
            assert value == pytest.approx(math.log(total), abs=2e-3)


def test_a_recording_is_the_same_alone_and_among_others() -> None:
    recordings = noise(1, 63, 64, 3000, 200_000, 5000)
    together = log_mel()(recordings)
    for recording, rows in zip(recordings, together, strict=True):
        alone = log_mel()([recording])[0]
        assert rows.shape == (1 + len(recording) // 64, 20)
        torch.testing.assert_close(rows, alone, atol=1e-4, rtol=1e-5)


def test_silence_is_finite() -> None:
    rows = log_mel()([torch.zeros(1000)])[0]
    torch.testing.assert_close(rows, torch.full_like(rows, math.log(1e-6)))


def test_the_number_of_threads_changes_nothing_and_is_put_back() -> None:
    threads = torch.get_num_threads()
    recordings = noise(*range(5000, 6000, 50))
    try:
        torch.set_num_threads(1)
        one = log_mel()(recordings)
        torch.set_num_threads(3)
        three = log_mel()(recordings)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(a, b) for a, b in zip(one, three, strict=True))


def test_an_empty_mel_filter_is_refused_with_the_window_that_fills_it() -> None:
    with pytest.raises(WrongInput, match=r"n_fft is 1024, which at 44100 Hz .* set data\.n_fft=2048 or fewer"):
        log_mel(sample_rate=44100, n_fft=1024, mels=128)
    log_mel(sample_rate=44100, n_fft=2048, mels=128)
    with pytest.raises(WrongInput, match=r"n_fft is 16, .* set fewer data\.mels"):
        log_mel(n_fft=16, mels=2000)


def test_importing_it_does_not_import_torchaudio() -> None:
    code = (
        "import sys, seqtrain.datasets.spectrogram, seqtrain.datasets.audio_folder; print('torchaudio' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


LENGTHS = torch.tensor([40, 11, 2, 1])


def spectrograms(steps: int = 40) -> Batch:
    inputs = torch.randn(4, 40, 12, generator=generator(0)) * valid_steps(LENGTHS, 40)[:, :, None]
    inputs = torch.nn.functional.pad(inputs, (0, 0, 0, steps - 40))
    return Batch(inputs, LENGTHS, torch.arange(4), None, torch.tensor([7, 3, 5, 9]))


def augmented(batch: Batch, epoch: int = 0, **settings: int) -> Tensor:
    return SpecAugment(mean=torch.arange(12.0) + 100, longest=40, **settings)(
        batch, Draws(1, epoch, batch.indices)
    ).inputs


def is_masked(batch: Batch, epoch: int, **settings: int) -> Tensor:
    result = augmented(batch, epoch, **settings)
    changed = result != batch.inputs
    mean = (torch.arange(12.0) + 100).expand_as(result)
    assert torch.equal(result[changed], mean[changed])
    return changed


def test_time_masks_cover_whole_steps_within_the_length_by_the_mean() -> None:
    batch, widths = spectrograms(), set()
    for epoch in range(200):
        masked = is_masked(batch, epoch, time_masks=1, time_width=6)
        assert torch.equal(masked.all(2), masked.any(2))
        steps = masked.any(2)
        assert not (steps & ~valid_steps(LENGTHS, 40)).any()
        widths |= set(enumerate(steps.sum(1).tolist()))
        assert (steps.int().diff(dim=1).abs().sum(1) <= 2).all()  # one stretch
    assert widths == {(row, width) for row, widest in enumerate([6, 5, 1, 0]) for width in range(widest + 1)}


def test_frequency_masks_cover_whole_bands_of_valid_steps() -> None:
    batch, widths = spectrograms(), set()
    for epoch in range(200):
        masked = is_masked(batch, epoch, frequency_masks=1, frequency_width=5)
        bands = masked.any(1)
        assert torch.equal(masked, bands[:, None, :] & valid_steps(LENGTHS, 40)[:, :, None])
        assert (bands.int().diff(dim=1).abs().sum(1) <= 2).all()
        widths |= set(bands.sum(1).tolist())
    assert widths == set(range(6))


def test_several_masks_cover_more() -> None:
    batch = spectrograms()
    one = sum(float(is_masked(batch, e, time_masks=1, time_width=6).float().mean()) for e in range(50))
    four = sum(float(is_masked(batch, e, time_masks=4, time_width=6).float().mean()) for e in range(50))
    assert four > 2 * one


def test_a_shift_moves_the_valid_steps_and_repeats_the_last() -> None:
    batch, moves = spectrograms(), set()
    for epoch in range(100):
        result = augmented(batch, epoch, shift=3)
        for row, length in enumerate(LENGTHS.tolist()):
            source = batch.inputs[row, :length]
            fits = [
                by
                for by in range(-3, 4)
                if torch.equal(result[row, :length], source[(torch.arange(length) - by).clamp(0, length - 1)])
            ]
            assert fits
            moves |= {(row, fits[0])} if row < 2 else set()
            assert not result[row, length:].any()
    assert moves == {(row, by) for row in range(2) for by in range(-3, 4)}


def test_an_augmented_row_depends_on_its_index_and_epoch_alone() -> None:
    settings = {"time_masks": 2, "time_width": 6, "frequency_masks": 2, "frequency_width": 4, "shift": 3}
    together = augmented(spectrograms(), 5, **settings)
    torch.testing.assert_close(together, augmented(spectrograms(steps=60), 5, **settings)[:, :40])
    assert not torch.equal(together, augmented(spectrograms(), 6, **settings))
    for row in range(4):
        batch = spectrograms()
        alone = batch._replace(
            inputs=batch.inputs[row : row + 1, : LENGTHS[row]],
            lengths=batch.lengths[row : row + 1],
            indices=batch.indices[row : row + 1],
        )
        assert torch.equal(augmented(alone, 5, **settings)[0], together[row, : LENGTHS[row]])
