"""From recordings to log-mel spectrograms, many at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtrain.datasets.recordings import Channels, Damaged, Longer, Resampler, read
from seqtrain.datasets.spectrogram import LogMel
from seqtrain.errors import WrongInput
from seqtrain.store.ahead import ahead
from seqtrain.store.chunks import Chunk

_AT_ONCE = 64  # recordings in a chunk, which are held as samples
_Made = tuple[NDArray[np.float32], float] | Damaged  # spectrogram (T, mels) and seconds; or why there is none


class AudioFeatures:
    """How a recording becomes a spectrogram; `AudioFolder` says what the settings mean."""

    def __init__(
        self,
        *,
        sample_rate: int,
        rate: Literal["resample", "refuse"],
        channels: Channels,
        seconds: float | None,
        longer: Longer,
        shorter: Literal["keep", "pad"],
        damaged: Literal["refuse", "skip"],
        n_fft: int,
        hop: int,
        mels: int,
    ) -> None:
        self.settings = {name: value for name, value in locals().items() if name != "self"}
        self.channels: Channels = channels
        self.seconds = seconds
        self.longer: Longer = longer
        self._sample_rate = sample_rate
        self._refuse_rate, self._pad, self._skip_damaged = rate == "refuse", shorter == "pad", damaged == "skip"
        self._resampler = Resampler(sample_rate)
        self._spectrogram = LogMel(sample_rate=sample_rate, n_fft=n_fft, hop=hop, mels=mels)

    def one(self, path: Path) -> Tensor:
        """(T, mels) float32. Raises Damaged or WrongInput as `recordings.read` does, and for another rate."""
        return self._spectrogram([self._samples(path)[0]])[0]

    def chunks(self, paths: Sequence[Path]) -> Iterator[Chunk]:
        """The spectrograms of all that are not damaged; the column "file" says which of the paths they are of.

        The facts are `seconds` of sound, and of damaged files `skipped`, how many, and `first`, the message.
        Raises Damaged where a file is and that is refused, or all are.
        """
        skipped: list[Damaged] = []
        kept, sound = 0, 0.0
        parts = [paths[start : start + _AT_ONCE] for start in range(0, len(paths), _AT_ONCE)]
        for number, results in enumerate(ahead(self._made, parts)):
            steps, files = list[Tensor](), list[int]()
            for place, result in enumerate(results, start=number * _AT_ONCE):
                if not isinstance(result, Damaged):
                    steps.append(torch.from_numpy(result[0]))
                    files.append(place)
                    sound += result[1]
                elif self._skip_damaged:
                    skipped.append(result)
                else:
                    raise result
            kept += len(steps)
            yield Chunk(steps, {"file": files}, done=len(results))
        if not kept:
            raise WrongInput(f"every file is damaged; the first: {skipped[0]}")
        yield Chunk(facts={"seconds": sound, "skipped": len(skipped), "first": str(skipped[0]) if skipped else ""})

    def _made(self, paths: Sequence[Path]) -> list[_Made]:
        found: list[tuple[Tensor, float] | Damaged] = []
        for path in paths:
            try:
                found.append(self._samples(path))
            except Damaged as error:
                found.append(error)
        whole = iter(self._spectrogram([each[0] for each in found if not isinstance(each, Damaged)]))
        return [each if isinstance(each, Damaged) else (next(whole).numpy(), each[1]) for each in found]

    def _samples(self, path: Path) -> tuple[Tensor, float]:
        """(L,) at the sample rate, and how many seconds of the file they are."""
        samples, rate = read(path, seconds=self.seconds, longer=self.longer, channels=self.channels)
        sound = len(samples) / rate
        wanted = self._sample_rate
        if rate != wanted and self._refuse_rate:
            raise WrongInput(
                f"{path} has {rate} samples a second, not {wanted}, and data.rate=refuse: "
                f"set data.sample_rate={rate} or data.rate=resample"
            )
        if not self._resampler.fits(rate):
            raise Damaged(
                f"{path} has {rate} samples a second, which cannot be brought to {wanted}: resample it before, or "
                "leave such files out with data.damaged=skip"
            )
        samples = self._resampler(samples, rate)
        if self.seconds is not None and self._pad:
            length = max(1, round(self.seconds * wanted))
            samples = torch.nn.functional.pad(samples[:length], (0, max(0, length - len(samples))))
        return samples, sound
