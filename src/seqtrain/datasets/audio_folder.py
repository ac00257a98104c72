"""A folder of the user's own recordings, as labelled log-mel spectrograms."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from seqtrain.datasets.file_facts import Facts, Naming, check_sides, set_aside
from seqtrain.datasets.folder_labels import Side
from seqtrain.datasets.recordings import AUDIO, Channels, Damaged, Longer, Resampler, Result, find, read_all
from seqtrain.datasets.spec_augment import Masks, spec_augment
from seqtrain.datasets.spectrogram import LogMel
from seqtrain.errors import WrongInput
from seqtrain.ranges import Count, Fraction, Positive, Size
from seqtrain.sequences import Sequences, Sets, feature_statistics

_log = logging.getLogger("seqtrain")
_MANY = 5000  # files from which on a progress bar is shown
_AT_ONCE = 256  # recordings held as samples; of the others only spectrograms


class AudioFolder:
    """wav, flac, ogg, opus, mp3 and aiff files of a folder and its sub-folders: T = 1 + samples // hop, F = mels.

    Hidden files are ignored; those that are not audio are counted in the log. Names are relative to the
    folder, with forward slashes, in every table and for every pattern. A pattern is a regular expression that
    is searched for in the name. Masks and shift (SpecAugment, Park et al. 2019) apply to training batches only.

    Raises WrongInput where the folder is missing or holds no audio, a label or the split cannot be told, a
    file is damaged, and where a recording breaks a rule that is set to "refuse".

    Args:
        folder: where the recordings are; a relative name is looked up under `root`
        root: the folder of all data
        source: where to get the recordings; a message names it if they are missing
        label: pattern whose group is the label; null: the table's column "label", else the parent folder
        table: CSV or TSV file in the folder: columns file, label, split (train, val, test); files that it
            does not name are left out
        val: pattern of the names to validate on
        test: pattern of the names to test on
        group: pattern whose group (a speaker, say) never is on two sides of the split
        test_fraction: share to test on where neither table nor pattern says it, of each class alike
        val_groups: share of what is left to validate on, in whole groups, where `group` is given and neither
            table nor pattern says it; without groups `data.val_fraction` says how many
        sample_rate: samples a second of every recording
        rate: resample recordings at another rate, or refuse them
        channels: average the channels of a recording, or refuse more than one
        seconds: the longest recording; null: any length
        longer: cut the end off longer recordings, keep their centre, or refuse them
        shorter: keep the length of shorter recordings, or pad them with silence to `seconds`
        damaged: refuse unreadable files and those cut short, or skip them
        n_fft: samples of a window
        hop: samples from one frame to the next
        mels: frequencies of the spectrogram
        time_masks: masked stretches of time
        time_width: the longest of them in frames
        frequency_masks: masked bands of frequency
        frequency_width: the widest of them in mels
        stretch: largest random change of tempo, as a share of the length
        shift: furthest random move in time, in frames
    """

    def __init__(
        self,
        *,
        folder: str,
        root: str = "data",
        source: str | None = None,
        label: str | None = None,
        table: str | None = None,
        val: str | None = None,
        test: str | None = None,
        group: str | None = None,
        test_fraction: Fraction = 0.2,
        val_groups: Fraction = 0.1,
        sample_rate: Count = 16000,
        rate: Literal["resample", "refuse"] = "resample",
        channels: Channels = "mix",
        seconds: Positive | None = None,
        longer: Longer = "cut",
        shorter: Literal["keep", "pad"] = "keep",
        damaged: Literal["refuse", "skip"] = "refuse",
        n_fft: Count = 1024,
        hop: Count = 128,
        mels: Count = 128,
        time_masks: Size = 0,
        time_width: Size = 16,
        frequency_masks: Size = 0,
        frequency_width: Size = 16,
        stretch: Fraction = 0.0,
        shift: Size = 0,
    ) -> None:
        if shorter == "pad" and seconds is None:
            raise WrongInput("shorter is pad but seconds is null: set data.seconds to the length to pad to")
        self.folder = folder
        self.path = Path(root).expanduser() / Path(folder).expanduser()
        self.source = source
        self.naming = Naming(label=label, table=table, val=val, test=test, group=group)
        self.test_fraction = test_fraction
        self.val_groups = val_groups
        self.resampler = Resampler(sample_rate)
        self.resample = rate == "resample"
        self.channels: Channels = channels
        self.seconds = seconds
        self.longer: Longer = longer
        self.pad = shorter == "pad"
        self.skip_damaged = damaged == "skip"
        self.spectrogram = LogMel(sample_rate=sample_rate, n_fft=n_fft, hop=hop, mels=mels)
        self.masks = Masks(time_masks, time_width, frequency_masks, frequency_width, stretch, shift)

    def load(self, seed: int) -> Sets:
        facts = self.naming.facts(self.path, self._names())
        spectrograms, kept = self._read([self.path / name for name in facts.names])
        facts = facts.select(kept)
        facts = set_aside(facts, test_fraction=self.test_fraction, val_groups=self.val_groups, seed=seed)
        check_sides(facts)
        counts = ", ".join(f"{facts.sides.count(side)} {side}" for side in ("train", "val", "test"))
        _log.info("%s: %d labels, %s", self.path, len(facts.classes), counts)
        train = _part(facts, spectrograms, "train")
        return Sets(
            train=train,
            val=_part(facts, spectrograms, "val") if "val" in facts.sides else None,
            test=_part(facts, spectrograms, "test") if "test" in facts.sides else None,
            predicts="classes",
            classes=facts.classes,
            view="spectrogram",
            normalize=feature_statistics,
            augment=spec_augment(train, self.masks),
        )

    def _names(self) -> list[str]:
        if not self.path.is_dir():
            get = f"get it from {self.source} and put it there" if self.source else "put your recordings there"
            raise WrongInput(
                f"data.folder={self.folder}: there is no folder {self.path.absolute()}: {get}, or say where it is "
                "with data.folder=DIR or, for all data, with the environment variable SEQTRAIN_DATA"
            )
        audio, others = find(self.path)
        if others:
            kinds = ", ".join(f"{count} {ending}" for ending, count in others.most_common(5))
            _log.info("%s: %d files are no audio and left out (%s)", self.path, others.total(), kinds)
        if not audio:
            raise WrongInput(
                f"data.folder={self.folder}: {self.path.absolute()} holds no file ending in {', '.join(sorted(AUDIO))}"
            )
        return audio

    def _read(self, paths: Sequence[Path]) -> tuple[list[Tensor], list[int]]:
        """Spectrograms (T, mels), and which of the paths they are of: all that are not damaged."""
        spectrograms: list[Tensor] = []
        waiting: list[Tensor] = []
        kept: list[int] = []
        skipped: list[Damaged] = []
        seconds = 0.0
        results = read_all(paths, seconds=self.seconds, longer=self.longer, channels=self.channels)
        for index, result in enumerate(_progress(results, len(paths), f"Reading {self.path.name}")):
            if isinstance(result, Damaged):
                if not self.skip_damaged:
                    raise result
                skipped.append(result)
                continue
            samples, rate = result
            seconds += len(samples) / rate
            waiting.append(self._prepared(samples, rate, paths[index]))
            kept.append(index)
            if len(waiting) == _AT_ONCE:
                spectrograms += self.spectrogram(waiting)
                waiting.clear()
        spectrograms += self.spectrogram(waiting)
        if skipped:
            _log.warning("%s: skipped %d damaged files; the first: %s", self.path, len(skipped), skipped[0])
        if not kept:
            raise WrongInput(f"data.folder={self.folder}: every file is damaged; the first: {skipped[0]}")
        _log.info("%s: read %d recordings, %.0f s of sound", self.path, len(kept), seconds)
        return spectrograms, kept

    def _prepared(self, samples: Tensor, rate: int, path: Path) -> Tensor:
        wanted = self.resampler.sample_rate
        if rate != wanted and not self.resample:
            raise WrongInput(
                f"{path} has {rate} samples a second, not {wanted}, and data.rate=refuse: "
                f"set data.sample_rate={rate} or data.rate=resample"
            )
        samples = self.resampler(samples, rate)
        if self.seconds is not None and self.pad:
            length = max(1, round(self.seconds * wanted))
            samples = torch.nn.functional.pad(samples[:length], (0, max(0, length - len(samples))))
        return samples


def _part(facts: Facts, spectrograms: Sequence[Tensor], side: Side) -> Sequences:
    which = [index for index, own in enumerate(facts.sides) if own == side]
    return Sequences.of(
        [spectrograms[index] for index in which],
        facts.targets()[which],
        names=[facts.names[index] for index in which],
    )


def _progress(items: Iterable[Result], total: int, what: str) -> Iterable[Result]:
    if total < _MANY:
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, what, total, console=Console(stderr=True), transient=True)
