"""`import seqtrain`: cheap, and with `fit` and `load` for whoever has arrays and no files."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import seqtrain
from seqtrain.array_targets import read_targets
from seqtrain.errors import WrongInput

QUICK = ["trainer.max_epochs=2", "data.batch_size=8", "logger=csv", "model.hidden=8"]
RANDOM = np.random.default_rng(0)
WAVES = [np.sin(0.01 * n + 0.3 * (1 + n % 2) * np.arange(5 + n % 4))[:, None] for n in range(52)]
WAVES, HELD = WAVES[:40], WAVES[40:]
WORDS = ["slow" if n % 2 == 0 else "fast" for n in range(40)]


def test_importing_seqtrain_imports_nothing_heavy() -> None:
    heavy = "{'torch', 'numpy', 'hydra', 'omegaconf'}"
    code = f"import sys, seqtrain; print(sorted({heavy} & set(sys.modules)), dir(seqtrain))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.startswith("[] [")
    assert "'fit'" in said
    assert "'load'" in said


def test_what_seqtrain_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute fitt"):
        _ = seqtrain.fitt


def test_fit_gives_what_load_gives(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    model = seqtrain.fit(WAVES, WORDS, *QUICK, "seed=3", model="gru", folder=tmp_path / "run")
    assert capfd.readouterr() == ("", "")
    assert torch.get_num_threads() == threads
    assert torch.random.get_rng_state().equal(state)
    assert model.classes == ("fast", "slow")
    assert set(model.metrics) == {f"{of}/{name}" for of in ("val", "test") for name in ("loss", "accuracy", "f1")}
    again = seqtrain.load(tmp_path / "run")
    assert again.config.seed == 3
    assert again.config.model.cell == "gru"
    np.testing.assert_array_equal(model.predict(WAVES).probabilities, again.predict(WAVES).probabilities)  # type: ignore[arg-type]
    assert seqtrain.fit is not None  # no module has taken its place
    assert callable(seqtrain.fit)


LENGTHS = [len(each) for each in WAVES]


@pytest.mark.parametrize(
    ("targets", "predicts", "shape"),
    [
        (RANDOM.normal(size=40), "values", (1,)),
        (RANDOM.normal(size=(40, 3)), "values", (3,)),
        ([RANDOM.normal(size=steps) for steps in LENGTHS], "step_values", (6, 1)),
        ([RANDOM.normal(size=(steps, 2)) for steps in LENGTHS], "step_values", (6, 2)),
        ([np.arange(steps) % 2 for steps in LENGTHS], "step_classes", (6,)),
        (torch.arange(40) % 3, "classes", ()),
        ([True, False] * 20, "classes", ()),
    ],
)
def test_the_targets_say_what_is_predicted(targets: object, predicts: str, shape: tuple[int, ...]) -> None:
    found = read_targets(targets, LENGTHS)
    assert found.predicts == predicts
    assert found.values[1].shape == shape
    assert bool(found.classes) == predicts.endswith("classes")


@pytest.mark.parametrize(
    ("targets", "task", "shape"),
    [
        ([RANDOM.normal(size=(steps, 2)) for steps in LENGTHS], "StepRegression", (6, 2)),
        (RANDOM.normal(size=40), "Regression", (1,)),
    ],
)
def test_values_are_learnt_too(targets: object, task: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    model = seqtrain.fit(WAVES, targets, *QUICK, model="rnn", folder=tmp_path / "run")
    assert model.config.task._target_ == f"seqtrain.tasks.{task}"
    said = model.predict(WAVES[:3])
    assert said.labels is None
    assert said.values is not None
    assert said.values[1].shape == shape


def test_progress_is_shown_where_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = [each for each in QUICK if not each.startswith("model.")]
    model = seqtrain.fit(WAVES, WORDS, *options, model="linear", progress=True)
    assert model.folder is not None
    assert model.folder.parent == Path("outputs/runs/arrays-linear")
    assert "accuracy" in capsys.readouterr().out


class Frame:
    """As much of a data frame as polars and pandas share."""

    def __init__(self, columns: dict[str, list[object]]) -> None:
        self.columns = list(columns)
        self._held = columns

    def __getitem__(self, names: object) -> object:
        if isinstance(names, str):
            return Column(self._held[names])
        assert isinstance(names, list)
        return Frame({name: self._held[name] for name in names})

    def to_numpy(self) -> np.ndarray:
        return np.array([self._held[name] for name in self.columns]).T


class Column:
    def __init__(self, values: list[object]) -> None:
        self._values = values

    def to_numpy(self) -> np.ndarray:
        return np.array(self._values, dtype=object)


def test_a_data_frame_has_a_series_a_row(tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {f"t{t}": [n % 2 + t + n / 1000 for n in range(40)] for t in range(4)}
    frame = Frame({**columns, "label": list(WORDS)})
    model = seqtrain.fit(frame, "label", *QUICK, folder=tmp_path / "run")
    assert (model.spec.features, model.spec.longest, model.classes) == (1, 4, ("fast", "slow"))
    assert len(model.predict(Frame(columns))) == 40


def test_sets_of_ones_own(tmp_path: Path) -> None:
    val, test = (HELD[:4], WORDS[:4]), (HELD[4:], WORDS[4:12])
    model = seqtrain.fit(WAVES, WORDS, *QUICK, folder=tmp_path / "run", val=val, test=test)
    said = model.predict(HELD[4:]).labels
    right = [one == other for one, other in zip(said, WORDS[4:12], strict=True)]  # type: ignore[arg-type]
    assert model.metrics["test/accuracy"] == pytest.approx(np.mean(right))
    assert model.spec.class_counts == (20, 20)
    with pytest.raises(WrongInput, match="the class 'other' is not among those to train on"):
        seqtrain.fit(WAVES, WORDS, *QUICK, folder=tmp_path / "other", test=(WAVES[:1], ["other"]))


@pytest.mark.parametrize(
    ("inputs", "targets", "overrides", "message"),
    [
        (WAVES, WORDS[:9], [], "40 sequences but 9 targets"),
        (WAVES, ["same"] * 40, [], "all targets are of the class 'same'"),
        (WAVES, WORDS, ["optimizer.lr=abc"], "optimizer.lr is abc: must be a number"),
        (WAVES, WORDS, ["data.length=3"], "data.length is no setting"),
        (WAVES, WORDS, ["data=sincos"], "seqtrain.fit knows data from its arguments"),
        (WAVES, WORDS, ["-m"], "trains one model"),
        (WAVES, [np.nan] * 40, [], "target 0 is not finite"),
        (np.zeros((40, 6)), np.zeros((40, 6)), [], 'predicts="values" or predicts="step_values"'),
        ([*WAVES[:39], np.full((3, 1), np.inf)], WORDS, [], "sequence 39 is inf at step 0, feature 0"),
        (WAVES[:2], WORDS[:2], [], "so that nothing could test it"),
    ],
)
def test_mistakes_are_told_before_anything_is_trained(
    inputs: object, targets: object, overrides: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(WrongInput, match=message):
        seqtrain.fit(inputs, targets, *overrides, folder=tmp_path / "run")
    assert not (tmp_path / "run" / "checkpoints" / "last.ckpt").exists()


def test_an_unknown_model_is_told_with_its_neighbours() -> None:
    with pytest.raises(WrongInput, match="did you mean lstm"):
        seqtrain.fit(WAVES, WORDS, model="lsmt")


def test_whole_numbers_are_sorted_as_numbers() -> None:
    found = read_targets([10, 9, 9, 10], [1, 1, 1, 1])
    assert found.classes == ("9", "10")
    assert isinstance(found.values, torch.Tensor)
    assert found.values.tolist() == [1, 0, 0, 1]


def test_what_is_asked_for_settles_an_open_shape() -> None:
    both = np.zeros((4, 6))
    assert isinstance(read_targets(both, [6] * 4, predicts="values").values, torch.Tensor)
    steps = read_targets(both, [6] * 4, predicts="step_values").values
    assert isinstance(steps, list)
    assert steps[0].shape == (6, 1)
