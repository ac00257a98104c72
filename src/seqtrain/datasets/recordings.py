"""Recordings of a folder: which files are audio, and what samples are in them."""

import math
import os
import re
from collections import Counter
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from seqtrain.datasets.silence import silence
from seqtrain.datasets.torchaudio_loading import torchaudio_transforms
from seqtrain.errors import WrongInput
from seqtrain.one_thread import one_thread

Longer = Literal["cut", "centre", "refuse"]
Channels = Literal["mix", "refuse"]

AUDIO = frozenset({".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff"})
_LOUDEST = 1e10  # full scale is 1, or 2^31 in files that hold whole numbers as floats; the square of more overflows
_MOST_WEIGHTS = 20_000_000  # of a filter that resamples: 0.6 GB while it is made
_MOST_TIMES = 1000  # as many samples as before, where a low rate is brought to a high one
_STREAMED = 0x7FFF_0000  # a data length from here on says that the writer did not know it
# libsndfile reads what is left of a file that was cut short and says so only in its log
_CUT_SHORT = re.compile(r"(?:data|SSND)\s*:\s*(\d+) \(should be (\d+)\)")
_REMEDY = "mend or remove it, or leave such files out with data.damaged=skip"
_BROKEN_OGG = re.compile(r"File ended unexpectedly|Corrupted bitstream|reports a hole")


class Damaged(WrongInput):
    """A file that cannot be read, or not in full."""


class Found(NamedTuple):
    audio: list[str]  # names relative to the folder, with forward slashes, sorted
    others: Counter[str]  # how many files there are of each ending that is not audio


def find(folder: Path) -> Found:
    """The audio files of a folder and all folders in it, but for hidden ones."""
    audio: list[str] = []
    others: Counter[str] = Counter()
    seen: set[str] = set()  # real folders: a link may lead back to one
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = [] if real in seen else sorted(name for name in folders if not name.startswith("."))
        if real in seen:
            continue
        seen.add(real)
        for name in files:
            ending = Path(name).suffix.lower()
            if name.startswith("."):
                continue
            if ending in AUDIO:
                audio.append(Path(place, name).relative_to(folder).as_posix())
            else:
                others[ending or name] += 1
    return Found(sorted(audio), others)


def read(path: Path, *, seconds: float | None, longer: Longer, channels: Channels) -> tuple[Tensor, int]:
    """(L,) float32 samples of one channel, and their rate; of a long recording only what is kept is decoded.

    Raises Damaged where the file is no audio, is cut short, holds no sample, or one that is not finite or beyond 1e10.
    Raises WrongInput where a recording is longer than `seconds`, or has several channels, and that is refused.
    """
    import soundfile

    try:
        with silence(), soundfile.SoundFile(path) as file:  # mp3 decoders write what they think of damage
            _whole(path, file.extra_info)
            start, wanted = _part(path, file.frames, file.samplerate, seconds, longer)
            if file.channels > 1 and channels == "refuse":
                raise WrongInput(f"{path} has {file.channels} channels and data.channels=refuse: set data.channels=mix")
            if start:
                file.seek(start)
            samples = file.read(wanted, dtype="float32", always_2d=True)
            rate = int(file.samplerate)
    except soundfile.SoundFileError as error:
        empty = path.stat().st_size == 0
        reason = "is empty (0 bytes)" if empty else f"cannot be decoded ({str(error).rpartition(': ')[2].strip('.')})"
        raise Damaged(f"{path} {reason}: {_REMEDY}") from None
    except WrongInput:
        raise
    except (MemoryError, ValueError):  # from numpy
        raise Damaged(f"{path} announces more samples than fit into memory: {_REMEDY}") from None
    if len(samples) < wanted:
        raise Damaged(f"{path} was cut short: {wanted} samples announced, {len(samples)} there: {_REMEDY}")
    if not len(samples):
        raise Damaged(f"{path} holds no samples: {_REMEDY}")
    wrong = ~(np.abs(samples) <= _LOUDEST)  # true for NaN too
    if wrong.any():
        place = int(np.argwhere(wrong)[0, 0])
        raise Damaged(f"{path} holds {samples[place].tolist()} at sample {place}, which is no sound: {_REMEDY}")
    return torch.from_numpy(samples.mean(1)), rate


def _whole(path: Path, log: str) -> None:
    for announced, there in _CUT_SHORT.findall(log):
        if int(there) < int(announced) < _STREAMED:
            raise Damaged(f"{path} was cut short: {announced} bytes announced, {there} there: {_REMEDY}")
    if _BROKEN_OGG.search(log):
        raise Damaged(f"{path} is cut short or damaged inside: {_REMEDY}")


def _part(path: Path, frames: int, rate: int, seconds: float | None, longer: Longer) -> tuple[int, int]:
    """Where the kept part of a recording starts, and how many samples it has."""
    most = frames if seconds is None else max(1, round(seconds * rate))
    if frames <= most:
        return 0, frames
    if longer == "refuse":
        raise WrongInput(
            f"{path} lasts {frames / rate:g} s, over data.seconds={seconds:g}: "
            "raise it, or set data.longer=cut or data.longer=centre"
        )
    return ((frames - most) // 2 if longer == "centre" else 0), most


class Resampler:
    """Recordings of any sample rate -> one rate, on one thread."""

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._from: dict[int, torch.nn.Module] = {}

    def fits(self, rate: int) -> bool:
        """Whether a rate has a ratio to the sample rate that memory has room for, as 44,100 has and 44,101 has not."""
        common = math.gcd(rate, self.sample_rate)
        weights = (rate // common) * (self.sample_rate // common)  # of the filter, and some more
        return weights <= _MOST_WEIGHTS and self.sample_rate <= _MOST_TIMES * rate

    def __call__(self, samples: Tensor, rate: int) -> Tensor:
        """(L,) at `rate`, which `fits`, -> (L',) at the sample rate."""
        if rate == self.sample_rate:
            return samples
        if rate not in self._from:
            self._from[rate] = torchaudio_transforms().Resample(rate, self.sample_rate)
        with one_thread():
            resampled: Tensor = self._from[rate](samples)
        return resampled
