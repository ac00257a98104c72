"""A folder of the user's own recordings, as labelled log-mel spectrograms."""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, TextIO

import torch
from torch import Tensor

from seqtrain.datasets.audio_features import AudioFeatures
from seqtrain.datasets.file_facts import Facts, Naming, check_sides
from seqtrain.datasets.folder_labels import Side, pattern
from seqtrain.datasets.recordings import AUDIO, Channels, Longer, find
from seqtrain.datasets.spec_augment import Masks, spec_augment
from seqtrain.downloads.named import ARCHIVES, Name, fetch_archive
from seqtrain.errors import WrongInput
from seqtrain.items import Item
from seqtrain.ranges import Count, Fraction, Positive, Size
from seqtrain.sequences import Sequences, Sets, feature_statistics
from seqtrain.store.cache import kept, key_of
from seqtrain.store.chunks import Store

_log = logging.getLogger("seqtrain")


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
            does not name are left out. A column labels in the place of label holds any number with ; between them,
            for task=multilabel
        val: pattern of the names to validate on
        test: pattern of the names to test on
        val_list: text file in the folder with the names to validate on, one a line
        test_list: text file in the folder with the names to test on, one a line
        leave_out: pattern of the names to leave out
        group: pattern whose group (a speaker, say) never is on two sides of the split
        test_fraction: share to test on where nothing else says it, of each class alike
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
        archive: name of a data set that can be fetched; its files are known by their SHA-256
        download: fetch it into `folder` where there is no such folder
        cache: folder in which spectrograms are kept, to be read at once the next time; null: none are
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
        val_list: str | None = None,
        test_list: str | None = None,
        leave_out: str | None = None,
        group: str | None = None,
        test_fraction: Fraction = 0.2,
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
        archive: Name | None = None,
        download: bool = False,
        cache: str | None = None,
    ) -> None:
        if shorter == "pad" and seconds is None:
            raise WrongInput("shorter is pad but seconds is null: set data.seconds to the length to pad to")
        if download and archive is None:
            raise WrongInput(
                f"download is true, but of archives only {', '.join(ARCHIVES)} are known: set data.archive"
            )
        self.folder = folder
        self.path = Path(root).expanduser() / Path(folder).expanduser()
        self.source = source
        self.archive: Name | None = archive
        self.download = download
        self.cache = cache
        self.naming = Naming(
            label=label, table=table, val=val, test=test, group=group, val_list=val_list, test_list=test_list
        )
        self.leave_out = pattern("leave_out", leave_out, group=False) if leave_out is not None else None
        self.test_fraction = test_fraction
        self.features = AudioFeatures(
            sample_rate=sample_rate,
            rate=rate,
            channels=channels,
            seconds=seconds,
            longer=longer,
            shorter=shorter,
            damaged=damaged,
            n_fft=n_fft,
            hop=hop,
            mels=mels,
        )
        self.masks = Masks(time_masks, time_width, frequency_masks, frequency_width, stretch, shift)

    def load(self, seed: int) -> Sets:
        facts = self.naming.facts(self.path, self._names())
        store = self._store(facts.names)
        facts = facts.select(store.columns["file"].tolist())
        check_sides(facts, self.path / (self.naming.table or ""))
        _log.info(
            "%s: read %d recordings with %d labels, %.0f s of sound",
            self.path,
            len(facts.names),
            len(facts.classes),
            store.facts["seconds"],
        )
        return Sets(
            train=_part(facts, store, "train"),
            val=_part(facts, store, "val") if "val" in facts.sides else None,
            test=_part(facts, store, "test") if "test" in facts.sides else None,
            predicts="labels" if facts.several else "classes",
            classes=facts.classes,
            view="spectrogram",
            normalize=feature_statistics,
            fit_augment=partial(spec_augment, masks=self.masks),
            test_fraction=self.test_fraction,
            published=self.archive is not None,
        )

    def read_inputs(self, source: Path | TextIO) -> Iterator[Item]:
        """The spectrogram of each recording of a folder, or of one file, and the path that it came from.

        Raises WrongInput where there is no such file, or no audio in the folder.
        """
        if not isinstance(source, Path):
            raise WrongInput("recordings cannot be read from standard input: name files or folders")
        if not source.exists():
            raise WrongInput(f"there is no file or folder {source}")
        paths = [source]
        if source.is_dir():
            audio, others = find(source)
            if not audio:
                raise WrongInput(f"{source} holds no file ending in {', '.join(sorted(AUDIO))}")
            if others:
                _log.info("%s: left out %s", source, _no_audio(others))
            paths = [source / name for name in audio]
        elif source.suffix.lower() not in AUDIO:
            raise WrongInput(f"{source} is no recording: it ends in none of {', '.join(sorted(AUDIO))}")
        for path in paths:
            yield str(path), self._input(path)

    def _input(self, path: Path) -> Tensor | WrongInput:
        try:
            return self.features.one(path)
        except WrongInput as error:
            return error
        except OSError as error:
            return WrongInput(f"{path} cannot be read: {error.strerror or error}")

    def _names(self) -> list[str]:
        if self.download and self.archive is not None and not self.path.exists():
            place = Path(self.cache).expanduser() / "downloads" if self.cache is not None else self.path.parent
            fetch_archive(self.archive, self.path, place)
        if not self.path.is_dir():
            get = f"get it from {self.source} and put it there" if self.source else "put your recordings there"
            get += ", or fetch it with data.download=true" if self.archive is not None else ""
            raise WrongInput(
                f"data.folder={self.folder}: there is no folder {self.path.absolute()}: {get}, or say where it is "
                "with data.folder=DIR or, for all data, with the environment variable SEQTRAIN_DATA"
            )
        audio, others = find(self.path)
        if self.leave_out is not None:
            audio = [name for name in audio if not self.leave_out.search(name)]
        if others:
            _log.info("%s: left out %s", self.path, _no_audio(others))
        if not audio:
            raise WrongInput(
                f"data.folder={self.folder}: {self.path.absolute()} holds no file ending in {', '.join(sorted(AUDIO))}"
            )
        return audio

    def _store(self, names: tuple[str, ...]) -> Store:
        """Spectrograms of all that are not damaged, made now or before."""
        store = kept(
            self.cache,
            self.path.name,
            lambda: key_of(self.features.settings, self.path, names),
            lambda: self.features.chunks([self.path / name for name in names]),
            total=len(names),
            unit="files",
        )
        if store.facts["skipped"]:
            _log.warning(
                "%s: skipped %d damaged files; the first: %s", self.path, store.facts["skipped"], store.facts["first"]
            )
        return store


def _no_audio(others: Counter[str]) -> str:
    """`3 files that are no audio (2 .csv, 1 .txt)`."""
    count = others.total()
    kinds = ", ".join(f"{each} {ending}" for ending, each in others.most_common(5))
    return f"{count} file{'s' * (count > 1)} that {'are' if count > 1 else 'is'} no audio ({kinds})"


def _part(facts: Facts, store: Store, side: Side) -> Sequences:
    which = torch.tensor([index for index, said in enumerate(facts.sides) if (said or "train") == side])
    own = facts.select(which.tolist())
    return replace(store.sequences(which, facts.targets()[which], own.names), groups=own.groups)
