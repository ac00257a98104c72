"""A run is loaded without its data, says what it said while it was trained, and runs no code that a file brings."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from composing import QUICK, SMALL, choices, composed, light, trained
from omegaconf import OmegaConf

from seqtrain.assemble import assemble, rebuild
from seqtrain.checkpoints import read_checkpoint, write_checkpoint
from seqtrain.datasets.sincos import SinCos
from seqtrain.datasets.sketch import Sketch
from seqtrain.errors import WrongInput
from seqtrain.loading import load_data
from seqtrain.parts import prepare_parts
from seqtrain.trained import Trained, load


@pytest.fixture(scope="module")
def sincos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sincos")
    trained(folder, "model=lstm", "model.hidden=8", "data=sincos", *SMALL["sincos"], *QUICK)
    return folder


@pytest.fixture(scope="module")
def sketch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sketch")
    trained(folder, "model=sketchmate", "data=sketch", *SMALL["sketch"], *QUICK)
    return folder


def test_a_loaded_model_says_what_it_said_in_training(
    sincos: Path, sketch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = SinCos(train_size=40, val_size=8, test_size=8).load(0).test
    drawings = Sketch(train_size=30, test_size=10).load(0).test
    assert values is not None
    assert drawings is not None
    for data_set in (SinCos, Sketch):
        monkeypatch.delattr(data_set, "load")  # nothing is read
    model = load(sincos)
    said = model.predict([values.batch(torch.tensor([i])).inputs[0] for i in range(8)])
    assert said.labels is said.probabilities is None
    assert isinstance(said.values, list)
    errors = np.stack(said.values)[:, 10:, 0] - values.targets.view(8, -1)[:, 10:].numpy()
    assert np.square(errors).mean() == pytest.approx(model.metrics["test/mse"], rel=1e-4)

    model = load(sketch)
    steps = [
        drawings.steps[start : start + length] for start, length in zip(drawings.starts, drawings.lengths, strict=True)
    ]
    said = model.predict(steps, batch_size=3)
    assert isinstance(said.probabilities, np.ndarray)
    right = said.indices == drawings.targets.numpy()
    assert np.mean(right) == pytest.approx(model.metrics["test/accuracy"])
    assert said.labels == [model.classes[i] for i in said.probabilities.argmax(-1)]
    np.testing.assert_allclose(said.probabilities.sum(-1), 1, rtol=1e-5)


def test_batches_and_order_change_no_answer(sketch: Path) -> None:
    model = load(sketch)
    steps = [torch.randn(n, 3, generator=torch.Generator().manual_seed(n)) for n in (11, 1, 40, 2)]
    together = model.predict(steps).probabilities
    alone = [model.predict([each]).probabilities[0] for each in steps]  # type: ignore[index]
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(together[::-1], model.predict(steps[::-1], batch_size=2).probabilities, atol=1e-5)  # type: ignore[index]


def test_a_short_array_is_computed_several_batches_at_once(sincos: Path) -> None:
    model, sizes = load(sincos), []
    model.network.register_forward_hook(lambda _, given, __: sizes.append(tuple(given[0].shape)))
    waves = np.random.default_rng(0).normal(size=(20, 50, 1)).astype(np.float32)
    together = model.predict(waves, batch_size=2).values
    assert sizes == [(8, 50, 1), (8, 50, 1), (4, 50, 1)]
    sizes.clear()
    long = np.zeros((3, 70_000, 1), np.float32)
    model.predict(long, batch_size=2)
    assert sizes == [(2, 70_000, 1), (1, 70_000, 1)]  # beyond a cache, and so not more than asked for
    assert together is not None
    np.testing.assert_allclose(np.stack(together), np.stack(model.predict(list(waves)).values), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("writeable", [True, False])
def test_arrays_are_left_as_they_are_and_may_be_read_only(writeable: bool, sketch: Path) -> None:
    model = load(sketch)
    model.network.normalize = None

    def in_place(_: object, given: tuple[torch.Tensor, ...]) -> None:
        given[0].zero_()

    model.network.backbone.register_forward_pre_hook(in_place)
    array = np.random.default_rng(0).normal(size=(3, 40, 3)).astype(np.float32)
    array.flags.writeable = writeable
    kept = array.copy()
    model.predict(array)
    assert np.array_equal(array, kept)


def test_numbers_of_several_kinds_in_one_list(sketch: Path) -> None:
    model = load(sketch)
    model.network.double()
    generator = np.random.default_rng(0)
    short, long = generator.normal(size=(30, 3)).astype(np.float32), generator.normal(size=(40, 3))
    together = model.predict([short, long]).probabilities
    assert np.allclose(together[1], model.predict([long]).probabilities[0], rtol=0, atol=1e-14)


def test_a_model_of_one_feature_takes_series_in_many_forms(sincos: Path) -> None:
    model = load(sincos)
    array = np.sin(np.arange(60)).reshape(3, 20)
    forms = [
        array,
        array[:, :, None],
        torch.from_numpy(array),
        list(array),
        [row[:, None] for row in array],
        array.tolist(),
    ]
    answers = [np.stack(model.predict(form).values) for form in forms]  # type: ignore[arg-type]
    assert answers[0].shape == (3, 20, 1)
    for answer in answers:
        np.testing.assert_allclose(answer, answers[0], atol=1e-6)
    assert len(model.predict([])) == 0


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([np.zeros((5, 3)), np.zeros((5, 2))], "sequence 1 has 2 features at each step, and not 3"),
        (np.zeros((5, 3)), "put a single sequence in a list"),
        ([np.zeros((5, 3)), np.zeros((0, 3))], "sequence 1 has no steps"),
        ([np.array([[0, 1, np.nan]])], "sequence 0 is nan at step 0, feature 2"),
        ([[["a", "b", "c"]]], "sequence 0 holds"),
        ("a.csv", "the inputs are a str: give a list"),
        ([np.zeros((900, 3))], "flatten head was trained on at most"),
    ],
)
def test_inputs_that_do_not_fit_are_told(inputs: object, message: str, sketch: Path) -> None:
    with pytest.raises(WrongInput, match=message):
        load(sketch).predict(inputs)


def test_a_run_of_64_bits_is_loaded_with_64_bits(tmp_path: Path) -> None:
    options = ["data=sincos", *SMALL["sincos"], *QUICK, "trainer.precision=64"]
    trained(tmp_path, "model=linear", *options)
    model = load(tmp_path)
    assert {each.dtype for each in model.network.parameters()} == {torch.float64}
    assert model.predict(np.zeros((1, 9))).values[0].dtype == np.float64  # type: ignore[index]


@pytest.mark.parametrize("model", choices("model"))
def test_every_model_is_rebuilt_from_its_weights(model: str) -> None:
    parts = prepare_parts(composed(*light(model), "data=sketch", *SMALL["sketch"]))
    data = load_data(parts.data(), parts.loading(), seed=0)
    first = assemble(parts.model, parts.task(), data, seed=0).eval()
    again = rebuild(parts.model, parts.task(), data.spec, first.state_dict())
    batch = data.val.batch(torch.arange(len(data.val)))
    assert again(batch.inputs, batch.lengths).equal(first(batch.inputs, batch.lengths))


def _copy(run: Path, folder: Path) -> Path:
    for part in (".hydra/config.yaml", "checkpoints/best.ckpt"):
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        (folder / part).write_bytes((run / part).read_bytes())
    return folder


def test_what_is_no_run_is_told(sincos: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="is no run folder"):
        load(tmp_path / "nothing")
    run = _copy(sincos, tmp_path)
    best = run / "checkpoints" / "best.ckpt"
    content = read_checkpoint(best)
    del content["seqtrain"]["spec"]
    write_checkpoint(content, best)
    with pytest.raises(WrongInput, match="does not say what data it was trained on"):
        load(run)
    best.unlink()
    with pytest.raises(WrongInput, match=r"has no checkpoints/best\.ckpt"):
        load(run)


def test_a_config_of_other_sizes_is_told(sincos: Path, tmp_path: Path) -> None:
    run = _copy(sincos, tmp_path)
    config = OmegaConf.load(run / ".hydra/config.yaml")
    config.model.hidden = 9
    OmegaConf.save(config, run / ".hydra/config.yaml")
    with pytest.raises(WrongInput, match="the weights are not those of this config's network"):
        load(run)


def test_nothing_that_a_run_brings_is_run(sincos: Path, tmp_path: Path) -> None:
    run = _copy(sincos, tmp_path)
    config = yaml.safe_load((run / ".hydra/config.yaml").read_text())
    evil = {**config, "model": {"_target_": "os.system", "command": f"touch {tmp_path}/mark"}}
    (run / ".hydra/config.yaml").write_text(yaml.safe_dump(evil))
    with pytest.raises(WrongInput, match="not trusted"):
        load(run)
    (run / ".hydra/config.yaml").write_text(yaml.safe_dump(config))
    (run / "checkpoints/best.ckpt").write_bytes(pickle.dumps(Mark(str(tmp_path / "mark"))))
    with pytest.raises(WrongInput, match="is damaged"):
        load(run)
    assert not (tmp_path / "mark").exists()


class Mark:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.path, "w")


def test_other_secrets_and_data_of_the_config_are_not_needed(sincos: Path, tmp_path: Path) -> None:
    run = _copy(sincos, tmp_path)
    config = OmegaConf.load(run / ".hydra/config.yaml")
    config.data = {"_target_": "gone.Away", "folder": "${oc.env:NOT_SET_ANYWHERE}"}
    OmegaConf.save(config, run / ".hydra/config.yaml")
    assert isinstance(load(run), Trained)
