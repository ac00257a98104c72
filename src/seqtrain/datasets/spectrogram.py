"""Log-mel spectrograms: what every audio data set makes of a recording."""

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor

from seqtrain.datasets.torchaudio_loading import torchaudio_transforms
from seqtrain.errors import WrongInput
from seqtrain.one_thread import one_thread

_FLOOR = 1e-6  # added to the power before the logarithm: silence is -13.8
_SAMPLES_AT_ONCE = 1 << 17  # fits in the cache of a core; larger batches are slower


class LogMel:
    """Recordings at one sample rate -> log-mel spectrograms.

    Frames are centred: frame t is about sample t * hop, so that a recording of L samples gives
    1 + L // hop of them. Beyond its ends a recording is silent, which makes its spectrogram the same
    alone and in a padded batch, and needs no least length.

    Raises WrongInput where some mel filter is narrower than the distance of two frequencies and stays empty.

    Args:
        sample_rate: samples a second
        n_fft: samples of a window
        hop: samples from one frame to the next
        mels: filters, from 0 Hz to half the sample rate (HTK's mel scale)
    """

    def __init__(self, *, sample_rate: int, n_fft: int, hop: int, mels: int) -> None:
        empty = _empty_filters(sample_rate, n_fft, mels)
        if empty:
            wide = (n_fft << doublings for doublings in range(1, 7))
            enough = next((width for width in wide if not _empty_filters(sample_rate, width, mels)), None)
            remedy = f"set data.n_fft={enough} or fewer data.mels" if enough is not None else "set fewer data.mels"
            raise WrongInput(
                f"n_fft is {n_fft}, which at {sample_rate} Hz leaves {empty} of {mels} mel filters empty: {remedy}"
            )
        self._mels = torchaudio_transforms().MelSpectrogram(
            sample_rate, n_fft=n_fft, hop_length=hop, n_mels=mels, pad_mode="constant"
        )
        self.hop = hop

    def frames(self, samples: int) -> int:
        return 1 + samples // self.hop

    def __call__(self, recordings: Sequence[Tensor]) -> list[Tensor]:
        """(L,) float32 of any lengths -> (T, mels) each. Computed on one thread, in batches of similar length."""
        spectrograms: list[Tensor] = [torch.empty(0)] * len(recordings)
        with one_thread(), torch.no_grad():
            for batch in _similar_lengths([len(recording) for recording in recordings]):
                padded = torch.nn.utils.rnn.pad_sequence([recordings[i] for i in batch], batch_first=True)
                power = self._mels(padded).transpose(1, 2)  # (B, T, mels)
                for i, rows in zip(batch, (power + _FLOOR).log(), strict=True):
                    spectrograms[i] = rows[: self.frames(len(recordings[i]))]
        return spectrograms


def _empty_filters(sample_rate: int, n_fft: int, mels: int) -> int:
    """How many filters fall between two neighbouring frequencies of the window."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torchaudio's of the same
        scale = torchaudio_transforms().MelScale(mels, sample_rate, n_stft=n_fft // 2 + 1)
    return int((scale.fb.amax(0) == 0).sum())


def _similar_lengths(lengths: list[int]) -> list[list[int]]:
    """Indices in batches of neighbours in length, each of at most _SAMPLES_AT_ONCE or of one recording."""
    batches: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batches and (len(batches[-1]) + 1) * lengths[i] <= _SAMPLES_AT_ONCE:
            batches[-1].append(i)
        else:
            batches.append([i])
    return batches
