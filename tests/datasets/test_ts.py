"""Time series as a data set: the real files of the archives, the split, labels, normalising, inputs to predict."""

import io
import random
import time
from pathlib import Path

import pytest
import torch
from composing import QUICK, choices, light, trained
from torch import Tensor

from seqtrain.datasets.ts import Ts
from seqtrain.errors import WrongInput

# name: series to train and test on, steps, features, classes (0: values)
REAL = {
    "ArrowHead": (36, 175, (251, 251), 1, 3),
    "BasicMotions": (40, 40, (100, 100), 6, 4),
    "CBF": (30, 900, (128, 128), 1, 3),
    "Covid3Month": (140, 61, (84, 84), 1, 0),
    "ECG200": (100, 100, (96, 96), 1, 2),
    "ERing": (30, 270, (65, 65), 4, 6),
    "GunPoint": (50, 150, (150, 150), 1, 2),
    "ItalyPowerDemand": (67, 1029, (24, 24), 1, 2),
    "JapaneseVowels": (270, 370, (7, 29), 12, 9),
    "Libras": (180, 180, (45, 45), 2, 15),
    "SyntheticControl": (300, 300, (60, 60), 1, 6),
}
TRAIN = "@univariate true\n@classLabel true a b\n@data\n1,2,3:a\n2,4,6:b\n5,5,5:a\n3,?,4:b\n"
TEST = "@univariate true\n@classLabel true a b\n@data\n9,8,7:b\n"


@pytest.fixture
def archive(data_root: Path) -> Path:
    if not (data_root / "timeseries" / "ts").is_dir():
        pytest.skip(f"no time series in {data_root}")
    return data_root / "timeseries"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Own_TRAIN.ts").write_text(TRAIN)
    (tmp_path / "Own_TEST.ts").write_text(TEST)
    return tmp_path


def steps_of(data: Ts) -> list[Tensor]:
    train = data.load(0).train
    return list(train.steps.split(train.lengths.tolist()))


@pytest.mark.parametrize("name", REAL)
def test_the_archives_files_are_read_in_full(archive: Path, name: str) -> None:
    began = time.process_time()
    sets = Ts(root=str(archive), folder="ts", name=name).load(0)
    assert time.process_time() - began < 1
    assert sets.test is not None
    assert sets.val is None
    lengths = torch.cat([sets.train.lengths, sets.test.lengths])
    found = (len(sets.train), len(sets.test), (int(lengths.min()), int(lengths.max())), sets.train.features)
    assert (*found, len(sets.classes)) == REAL[name]
    assert sets.predicts == ("classes" if sets.classes else "values")
    assert sets.scale_targets is not bool(sets.classes)
    if sets.classes:
        assert set(sets.train.targets.tolist()) == set(range(len(sets.classes)))
    else:
        assert sets.train.targets.shape == (140, 1)


@pytest.mark.parametrize("name", ["GunPoint", "ArrowHead"])
def test_tsv_says_the_same_as_ts(archive: Path, name: str) -> None:
    ts = Ts(folder=str(archive / "ts" / name), train=f"{name}_TRAIN.ts").load(0)
    tsv = Ts(folder=str(archive / "csv"), train=f"{name}_TRAIN.tsv").load(0)
    assert ts.test is tsv.test is None
    assert ts.classes == tsv.classes
    assert torch.equal(ts.train.steps, tsv.train.steps)
    assert torch.equal(ts.train.targets, tsv.train.targets)


def test_values_are_those_of_the_file(archive: Path) -> None:
    covid = Ts(folder=str(archive / "ts" / "Covid3Month")).load(0)
    assert covid.test is not None
    assert covid.test.targets[-1].item() == pytest.approx(0.0432692307692, abs=1e-7)
    vowels = Ts(folder=str(archive / "ts" / "JapaneseVowels")).load(0).train
    assert vowels.steps[0, 0].item() == pytest.approx(1.860936)
    assert vowels.name(0) == "JapaneseVowels_TRAIN.ts:16"


def test_the_name_is_looked_for_in_the_folder_and_below(folder: Path, tmp_path: Path) -> None:
    for settings in ({}, {"name": "Own"}, {"train": "Own_TRAIN.ts", "test": "Own_TEST.ts"}):
        sets = Ts(folder=str(folder), missing="interpolate", **settings).load(0)  # type: ignore[arg-type]
        assert sets.test is not None
        assert (len(sets.train), len(sets.test), sets.classes) == (4, 1, ("a", "b"))
    assert Ts(
        root=str(folder.parent),
        folder=".",
        name=folder.name,
        train=f"{folder.name}/Own_TRAIN.ts",
        missing="interpolate",
    ).load(0)
    (tmp_path / "Other_TRAIN.txt").write_text("1 2 3\n2 3 4\n")
    with pytest.raises(WrongInput, match=r"name is null, but .* holds Other, Own: set data\.name"):
        Ts(folder=str(folder)).load(0)
    with pytest.raises(WrongInput, match=r"Other_TRAIN\.txt is there but Other_TEST\.txt is not.*set data\.train="):
        Ts(folder=str(folder), name="Other").load(0)
    assert Ts(folder=str(folder), train="Other_TRAIN.txt").load(0).test is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"folder": "nowhere"}, "folder is nowhere, but .* is no folder"),
        ({"folder": ""}, "folder is empty"),
        ({"name": "GunPont"}, r"name is GunPont, but neither .* holds GunPont_TRAIN\.ts .*it holds Own_TRAIN\.ts"),
        ({"train": "x.ts"}, r"train is x\.ts, but there is no file .*; it holds Own_TRAIN\.ts"),
        ({"test": "Own_TEST.ts"}, r"test is Own_TEST\.ts but train is null"),
        ({"train": "notes.csv"}, "ends in none of .ts, .tsv, .txt: for CSV files set data=table"),
    ],
)
def test_files_that_are_not_there_are_told(folder: Path, settings: dict[str, str], message: str) -> None:
    (folder / "notes.csv").write_text("a,b\n")
    with pytest.raises(WrongInput, match=message):
        Ts(**{"folder": str(folder), **settings}).load(0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (
            TEST.replace(" b", " b c").replace(":b", ":c"),
            "Own_TEST.ts, line 4 has the label 'c', which no series of the",
        ),
        (
            "@dimensions 2\n@classLabel true a\n@data\n1:2:a\n",
            "Own_TEST.ts, line 4 has 2 dimensions, but .*TRAIN.ts has 1",
        ),
        (
            TEST.replace("@classLabel true a b", "@targetLabel true").replace(":b", ":1"),
            "a value for each series, but .* a class",
        ),
        (TEST.replace("true a b", "false").replace(":b", ""), "series without labels"),
        (TEST.replace("9,8,7:b\n", ""), "Own_TEST.ts has no series"),
    ],
)
def test_the_test_file_has_to_fit(folder: Path, test: str, message: str) -> None:
    (folder / "Own_TEST.ts").write_text(test)
    with pytest.raises(WrongInput, match=message):
        Ts(folder=str(folder), missing="interpolate").load(0)


def test_missing_values_are_refused_filled_or_marked(folder: Path) -> None:
    with pytest.raises(WrongInput, match=r"Own_TRAIN\.ts, line 7 has no value at step 1 of feature 0"):
        Ts(folder=str(folder)).load(0)
    assert steps_of(Ts(folder=str(folder), missing="interpolate"))[3][:, 0].tolist() == [3, 3.5, 4]
    data = Ts(folder=str(folder), missing="indicator")
    assert steps_of(data)[3].tolist() == [[3, 0], [0, 1], [4, 0]]
    sets = data.load(0)
    assert sets.normalize is not None
    assert sets.normalize(sets.train).mean[1] == 0


def test_each_series_can_be_normalised_alone(folder: Path) -> None:
    data = Ts(folder=str(folder), missing="interpolate", normalize="series")
    assert data.load(0).normalize is None
    rising, steeper, flat, gap = (steps[:, 0] for steps in steps_of(data))
    torch.testing.assert_close(rising, torch.tensor([-(1.5**0.5), 0, 1.5**0.5]))
    torch.testing.assert_close(rising, steeper)
    assert flat.tolist() == [0, 0, 0]
    torch.testing.assert_close(gap, torch.tensor([-1.0, 0, 1]))
    assert Ts(folder=str(folder), missing="interpolate", normalize="none").load(0).normalize is None


def test_labels_of_rows_can_be_values(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_text("0.5\t1\t2\n0.75\t3\t4\n")
    with pytest.raises(WrongInput, match=r"x\.tsv, line 1 has the label 0\.5, which looks like a value"):
        Ts(folder=str(tmp_path), train="x.tsv").load(0)
    sets = Ts(folder=str(tmp_path), train="x.tsv", target="value").load(0)
    assert sets.train.targets.tolist() == [[0.5], [0.75]]
    assert sets.scale_targets
    (tmp_path / "x.tsv").write_text("NaN\t1\t2\n0.75\t3\t4\n")
    with pytest.raises(WrongInput, match=r"x\.tsv, line 1: the target is NaN"):
        Ts(folder=str(tmp_path), train="x.tsv", target="value").load(0)


def test_one_label_is_too_few(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_text("1\t1\t2\n1\t3\t4\n")
    with pytest.raises(WrongInput, match="have one label: two are the least"):
        Ts(folder=str(tmp_path), train="x.tsv").load(0)


def test_inputs_are_read_without_labels_and_one_wrong_line_is_one_item(folder: Path) -> None:
    data = Ts(folder=str(folder), missing="interpolate", normalize="series")
    new = folder / "new.ts"
    new.write_text("@univariate true\n@classLabel false\n@data\n1,2,3\n?,?\n4,x,6\n3,?,4\n")
    items = dict(data.read_inputs(new))
    assert list(items) == [f"new.ts:{number}" for number in (4, 5, 6, 7)]
    assert isinstance(items["new.ts:5"], WrongInput)
    assert "line 6, dimension 1: value 2 is 'x'" in str(items["new.ts:6"])
    assert torch.equal(torch.as_tensor(items["new.ts:7"]), steps_of(data)[3])
    unknown = "@univariate true\n@classLabel true a\n@data\n1,2:?\n1,2:zebra\n"
    assert [type(steps) for _, steps in data.read_inputs(io.StringIO(unknown))] == [Tensor, Tensor]
    (folder / "new.tsv").write_text("?\t1\t2\t3\n")
    assert next(iter(data.read_inputs(folder / "new.tsv")))[1].shape == (3, 1)  # type: ignore[union-attr]
    with pytest.raises(WrongInput, match="cannot be read"):
        list(data.read_inputs(folder / "gone.ts"))


def test_inputs_are_what_was_learnt_from(archive: Path) -> None:
    data = Ts(root=str(archive), folder="ts", name="JapaneseVowels")
    test = data.load(0).test
    assert test is not None
    items = list(data.read_inputs(archive / "ts" / "JapaneseVowels" / "JapaneseVowels_TEST.ts"))
    assert [name for name, _ in items] == list(test.names or ())
    assert torch.equal(torch.cat([steps for _, steps in items]), test.steps)  # type: ignore[misc]


@pytest.mark.parametrize("model", choices("model"))
def test_every_model_trains_on_series_of_any_length(model: str, tmp_path: Path) -> None:
    rng = random.Random(0)
    for part in ("TRAIN", "TEST"):
        lines = ["@dimensions 2", "@classLabel true up down", "@data"]
        for i in range(12):
            rising = [round(rng.gauss(step if i % 2 else -step, 1), 3) for step in range(2 + 3 * i)]
            lines.append(":".join([*[",".join(map(str, rising))] * 2, "up" if i % 2 else "down"]))
        (tmp_path / f"Own_{part}.ts").write_text("\n".join([*lines, ""]))
    result = trained(tmp_path / "run", *light(model), "data=ts", f"data.folder={tmp_path}", *QUICK)
    assert result["status"] == "completed"
    assert "test/accuracy" in result["metrics"]


def test_values_are_learnt_and_scored_in_their_own_units(archive: Path, tmp_path: Path) -> None:
    options = [f"data.folder={archive}/ts", "data.name=Covid3Month", "task=regression"]
    result = trained(tmp_path, "data=ts", "model=conv1d", *options, *QUICK)
    assert 0.01 < result["metrics"]["test/rmse"] < 0.2
