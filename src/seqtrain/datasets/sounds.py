"""Ten kinds of synthetic sound that only time and frequency together tell apart.

Eight of them are pairs that differ in the direction of time alone, so that an average over time says nothing
of which of the two it is. Pitch, start, duration and level are random.
"""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor

_PARTIALS = 3
_LOWEST, _HIGHEST = 0.03, 0.08  # the lower pitch of a sound, as a share of the sample rate
_FADE = 0.01  # seconds at either end of a sound, so that it does not click


def synthesise(kind: str, count: int, *, samples: int, sample_rate: int, snr: float, draws: Generator) -> Tensor:
    """`count` recordings (N, samples) float32 of one kind, each with white noise `snr` dB below the sound."""
    uniform = _Uniform(count, draws)
    seconds = torch.arange(samples) / sample_rate  # (samples,)
    whole = samples / sample_rate
    duration = whole * uniform(0.25, 0.5)  # (N, 1)
    start = (whole - duration) * uniform(0, 1)
    progress = (seconds - start) / duration  # (N, samples): 0 to 1 within the sound
    sound = KINDS[kind](progress, seconds, sample_rate, uniform)
    inside = torch.minimum(progress, 1 - progress) * duration
    sound = sound * (inside / _FADE).clamp(0, 1)
    power = sound.square().mean(1, keepdim=True)
    noise = (power * 10 ** (-snr / 10)).sqrt() * torch.randn(count, samples, generator=draws)
    return (sound + noise) * 10 ** uniform(-1.5, 0)  # 30 dB of levels


class _Uniform:
    """Draws (N, 1) numbers between two bounds."""

    def __init__(self, count: int, draws: Generator) -> None:
        self.count = count
        self.draws = draws

    def __call__(self, low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(self.count, 1, generator=self.draws)


def _pitches(sample_rate: int, uniform: _Uniform) -> tuple[Tensor, Tensor]:
    """A low and a high pitch (N, 1) in Hz, 0.8 to 1.5 octaves apart."""
    low = sample_rate * _LOWEST * (_HIGHEST / _LOWEST) ** uniform(0, 1)
    return low, low * 2 ** uniform(0.8, 1.5)


def _sweep(progress: Tensor, sample_rate: int, uniform: _Uniform) -> Tensor:
    """A pitch (N, samples) that rises from low to high as progress goes from 0 to 1."""
    low, high = _pitches(sample_rate, uniform)
    return low * (high / low) ** progress.clamp(0, 1)


def _phase(pitch: Tensor, sample_rate: int) -> Tensor:
    return 2 * math.pi * (pitch.double() / sample_rate).cumsum(1).remainder(1).float()


def _rising(progress: Tensor, seconds: Tensor, rate: int, uniform: _Uniform) -> Tensor:
    return _phase(_sweep(progress, rate, uniform), rate).sin()


def _falling(progress: Tensor, seconds: Tensor, rate: int, uniform: _Uniform) -> Tensor:
    return _rising(1 - progress, seconds, rate, uniform)


def _low_high(progress: Tensor, seconds: Tensor, rate: int, uniform: _Uniform) -> Tensor:
    low, high = _pitches(rate, uniform)
    turn = (2 * progress).remainder(1)  # low, high, a pause; and once more
    tone = _phase(torch.where(turn < 0.4, low, high), rate).sin()
    return tone * (turn < 0.8)


def _high_low(progress: Tensor, seconds: Tensor, rate: int, uniform: _Uniform) -> Tensor:
    return _low_high(1 - progress, seconds, rate, uniform)


def _rising_chord(progress: Tensor, seconds: Tensor, rate: int, uniform: _Uniform) -> Tensor:
    phase = _phase(_sweep(progress, rate, uniform) / 2, rate)
    waves = [(partial * phase).sin() / partial for partial in range(1, _PARTIALS + 1)]
    return torch.stack(waves).sum(0)


def _falling_chord(progress: Tensor, seconds: Tensor, rate: int, uniform: _Uniform) -> Tensor:
    return _rising_chord(1 - progress, seconds, rate, uniform)


def _tremolo(progress: Tensor, seconds: Tensor, rate: int, uniform: _Uniform) -> Tensor:
    low, high = _pitches(rate, uniform)
    wobble = (2 * math.pi * (uniform(6, 12) * seconds + uniform(0, 1))).sin()
    return (1 + uniform(0.7, 0.95) * wobble) * _phase((low * high).sqrt().expand_as(progress), rate).sin()


def _vibrato(progress: Tensor, seconds: Tensor, rate: int, uniform: _Uniform) -> Tensor:
    low, high = _pitches(rate, uniform)
    wobble = (2 * math.pi * (uniform(6, 12) * seconds + uniform(0, 1))).sin()
    return _phase((low * high).sqrt() * 2 ** (uniform(0.1, 0.4) * wobble), rate).sin()


def _swelling(progress: Tensor, seconds: Tensor, rate: int, uniform: _Uniform) -> Tensor:
    noise = torch.randn(progress.shape, generator=uniform.draws)
    return noise * (uniform(3, 5) * (progress - 1)).exp()


def _decaying(progress: Tensor, seconds: Tensor, rate: int, uniform: _Uniform) -> Tensor:
    return _swelling(1 - progress, seconds, rate, uniform)


KINDS: dict[str, Callable[[Tensor, Tensor, int, _Uniform], Tensor]] = {
    "rising tone": _rising,
    "falling tone": _falling,
    "low then high": _low_high,
    "high then low": _high_low,
    "rising chord": _rising_chord,
    "falling chord": _falling_chord,
    "tremolo": _tremolo,
    "vibrato": _vibrato,
    "swelling noise": _swelling,
    "decaying noise": _decaying,
}
