"""The spoken digits are no class of their own: `configs/data/fsdd.yaml` over `AudioFolder`."""

import csv
import os
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from omegaconf import OmegaConf

from seqtrain.datasets.audio_folder import AudioFolder
from seqtrain.errors import WrongInput
from seqtrain.loading import Loading
from seqtrain.loading.sides import divide

CONFIGS = Path(__file__).parents[2] / "configs" / "data"


def fsdd(root: Path, **settings: object) -> AudioFolder:
    config = OmegaConf.merge(*(OmegaConf.load(CONFIGS / name) for name in ("audio_folder.yaml", "fsdd.yaml")))
    given = OmegaConf.to_container(OmegaConf.merge(config, {"root": str(root), "cache": None}, settings))
    assert isinstance(given, dict)
    return AudioFolder(**{str(key): value for key, value in given.items() if key not in ("defaults", "_target_")})


def test_the_official_split_is_told_by_the_names(tmp_path: Path) -> None:
    (tmp_path / "fsdd" / "recordings").mkdir(parents=True)
    for digit in range(10):
        for index in (0, 4, 5, 9, 10, 15, 49):
            path = tmp_path / "fsdd" / "recordings" / f"{digit}_theo_{index}.wav"
            soundfile.write(path, np.zeros(500, np.float32), 8000)
    sets = fsdd(tmp_path).load(0)
    assert sets.classes == tuple("0123456789")
    for part, indices in ((sets.train, (10, 15, 49)), (sets.val, (5, 9)), (sets.test, (0, 4))):
        assert part is not None
        assert part.names is not None
        assert set(part.names) == {f"recordings/{digit}_theo_{i}.wav" for digit in range(10) for i in indices}
        assert part.targets.bincount().tolist() == [len(indices)] * 10


def test_a_missing_folder_says_where_to_get_it_and_where_to_put_it(tmp_path: Path) -> None:
    message = rf"no folder {tmp_path}/fsdd: get it from https://github\.com/Jakobovski/free-spoken.* SEQTRAIN_DATA"
    with pytest.raises(WrongInput, match=message):
        fsdd(tmp_path).load(0)


@pytest.fixture
def real_root() -> Path:
    data = Path(os.environ.get("SEQTRAIN_DATA", Path(__file__).parents[3] / "shared" / "data"))
    for root in (data / "audio", data):
        if (root / "fsdd").is_dir():
            return root
    pytest.skip(f"no real spoken digits: {data} has no fsdd (set SEQTRAIN_DATA)")


def test_the_real_recordings_are_read_with_their_published_split(real_root: Path) -> None:
    start = time.process_time()
    sets = fsdd(real_root).load(0)
    assert time.process_time() - start < 10  # 1 s on an idle core
    assert sets.val is not None
    assert sets.test is not None
    assert (sets.train.features, sets.train.shortest, sets.train.longest) == (128, 21, 286)
    with (real_root / "fsdd" / "split.csv").open() as table:
        rows = list(csv.DictReader(table))
    for side, part in (("train", sets.train), ("val", sets.val), ("test", sets.test)):
        labels = {part.name(index): sets.classes[target] for index, target in enumerate(part.targets.tolist())}
        assert labels == {row["file"]: row["label"] for row in rows if row["split"] == side}


def test_speakers_can_be_kept_apart(real_root: Path) -> None:
    sets = fsdd(real_root, val=None, test=None, group=r"\d_([a-z]+)_", test_fraction=0.34).load(0)
    speakers = []
    for part in divide(sets, Loading(val_fraction=0.25), seed=0):
        assert part is not None
        assert part.names is not None
        speakers.append({name.split("_")[1] for name in part.names})
    assert [len(some) for some in speakers] == [3, 1, 2]
    assert len(set().union(*speakers)) == 6
