"""Log-mel spectrograms of ten kinds of synthetic sound: audio classification with nothing to download."""

from functools import partial

import torch

from seqtrain.batch import Predicts
from seqtrain.datasets.sounds import KINDS, synthesise
from seqtrain.datasets.spec_augment import Masks, spec_augment
from seqtrain.datasets.spectrogram import LogMel
from seqtrain.errors import WrongInput
from seqtrain.one_thread import one_thread
from seqtrain.randomness import generator
from seqtrain.ranges import Count, Fraction, Size
from seqtrain.sequences import Sequences, Sets, feature_statistics

_TRAIN, _TEST = 1, 2
_AT_ONCE = 500  # recordings: only spectrograms are kept


class Mel:
    """A corpus of sounds made from the seed, as log-mel spectrograms: T = frames, F = mels, ten classes.

    The classes are tones that rise or fall, two tones in either order, chords that rise or fall, tremolo,
    vibrato, and noise that swells or decays. Averaged over time, half of them look like another one.

    Raises WrongInput where the settings of the spectrogram leave a mel filter empty or last under 0.5 s.

    Args:
        train_size: sounds to train on, equally many of each class
        test_size: sounds to test on
        snr: how far the white noise is below the sound, in dB
        sample_rate: samples a second
        n_fft: samples of a window
        hop: samples from one frame to the next
        mels: frequencies of the spectrogram
        frames: time steps of the spectrogram
        time_masks: masked stretches of time, in training (SpecAugment, Park et al. 2019)
        time_width: the longest of them in frames
        frequency_masks: masked bands of frequency
        frequency_width: the widest of them in mels
        stretch: largest random change of tempo, as a share of the length
        shift: furthest random move in time, in frames
    """

    predicts: Predicts = "classes"

    def __init__(
        self,
        *,
        train_size: Count = 1500,
        test_size: Count = 300,
        snr: float = 20.0,
        sample_rate: Count = 8000,
        n_fft: Count = 1024,
        hop: Count = 64,
        mels: Count = 128,
        frames: Count = 129,
        time_masks: Size = 0,
        time_width: Size = 16,
        frequency_masks: Size = 0,
        frequency_width: Size = 16,
        stretch: Fraction = 0.0,
        shift: Size = 0,
    ) -> None:
        self.samples = (frames - 1) * hop
        if 2 * self.samples < sample_rate:
            least = 1 + -(-sample_rate // (2 * hop))
            raise WrongInput(
                f"frames is {frames}, which at hop {hop} and {sample_rate} Hz is under half a second, "
                f"too short for these sounds: give at least {least}"
            )
        self.spectrogram = LogMel(sample_rate=sample_rate, n_fft=n_fft, hop=hop, mels=mels)
        self.train_size = train_size
        self.test_size = test_size
        self.snr = snr
        self.sample_rate = sample_rate
        self.masks = Masks(time_masks, time_width, frequency_masks, frequency_width, stretch, shift)

    def load(self, seed: int) -> Sets:
        with one_thread():
            return Sets(
                train=self._sounds(self.train_size, seed, _TRAIN),
                val=None,
                test=self._sounds(self.test_size, seed, _TEST),
                predicts=self.predicts,
                classes=tuple(KINDS),
                view="spectrogram",
                normalize=feature_statistics,
                fit_augment=partial(spec_augment, masks=self.masks),
            )

    def _sounds(self, count: int, seed: int, which: int) -> Sequences:
        order = torch.randperm(count, generator=generator(seed, which))
        classes = order % len(KINDS)
        spectrograms = []
        for part, some in enumerate(torch.split(classes, _AT_ONCE)):
            recordings = torch.empty(len(some), self.samples)
            for index, kind in enumerate(KINDS):
                of_kind = some == index
                recordings[of_kind] = synthesise(
                    kind,
                    int(of_kind.sum()),
                    samples=self.samples,
                    sample_rate=self.sample_rate,
                    snr=self.snr,
                    draws=generator(seed, which, part, index),
                )
            spectrograms += self.spectrogram(list(recordings))
        return Sequences.of(spectrograms, classes)
