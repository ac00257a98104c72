"""A training that starts from a trained model takes its backbone over to the bit, and then stands on its own."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from composing import QUICK, SMALL, composed, trained
from omegaconf import OmegaConf
from test_training import stop_after, weights

import seqtrain
from seqtrain.assemble import assemble
from seqtrain.errors import WrongInput
from seqtrain.identity import differences, identity
from seqtrain.loading import Data, load_data
from seqtrain.network import Network
from seqtrain.parts import prepare_parts
from seqtrain.pretrained import pinned, starting_point
from seqtrain.trained import Trained
from seqtrain.training_run import train

CONV = ["model=conv1d", "model.channels=[8]"]
SKETCH = [*CONV, "data=sketch", *SMALL["sketch"], *QUICK]
WALKS = [torch.randn(20, 3, generator=torch.Generator().manual_seed(i)).cumsum(0) for i in range(40)]
LABELS = ["left", "right"] * 20


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    trained(folder, *SKETCH)
    return folder


def of(folder: Path, part: str, which: str = "best") -> dict[str, torch.Tensor]:
    return {name: each for name, each in weights(folder, which).items() if name.startswith(f"network.{part}.")}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def fine_tuned(first: Path, folder: Path, *more: str) -> Trained:
    options = ["model.channels=[8]", "trainer.max_epochs=2", "data.batch_size=8", "optimizer.lr=0.1", "logger=csv"]
    return seqtrain.fit(WALKS, LABELS, *options, f"init_from={first}", *more, model="conv1d", folder=folder)


def network(first: Path | None, *overrides: str) -> tuple[Network, Data]:
    parts = prepare_parts(composed(*SKETCH, *overrides))
    data = load_data(parts.data(), parts.loading(), seed=parts.run.seed)
    start = starting_point(None if first is None else str(first), None)
    return assemble(parts.model, parts.task(), data, seed=parts.run.seed, pretrained=start), data


def test_backbone_statistics_and_a_head_that_fits_are_taken_over_to_the_bit(first: Path) -> None:
    begun, data = network(first, "seed=5")
    stored = weights(first, "best")
    assert {f"network.{name}" for name in begun.state_dict()} == stored.keys()
    assert all(torch.equal(tensor, stored[f"network.{name}"]) for name, tensor in begun.state_dict().items())
    assert data.statistics is not None
    assert not torch.equal(data.statistics.std, stored["network.normalize.std"]), "these are of other drawings"


def test_other_classes_get_a_new_head(first: Path, tmp_path: Path) -> None:
    model = fine_tuned(first, tmp_path / "run", "freeze=true")
    assert model.classes == ("left", "right")
    assert model.network.head.head.linear.weight.shape == (2, 8)  # type: ignore[union-attr]
    assert len(model.predict(WALKS)) == 40


def test_a_frozen_backbone_never_moves_and_neither_do_its_statistics(first: Path, tmp_path: Path) -> None:
    fine_tuned(first, tmp_path / "run", "freeze=true")
    before = of(first, "backbone")
    assert any("running_mean" in name for name in before)
    assert same(of(tmp_path / "run", "backbone", "last"), before)
    assert same(of(tmp_path / "run", "normalize", "last"), of(first, "normalize"))


def test_a_backbone_that_is_not_frozen_moves(first: Path, tmp_path: Path) -> None:
    fine_tuned(first, tmp_path / "run")
    before, after = of(first, "backbone"), of(tmp_path / "run", "backbone", "last")
    assert not any(torch.equal(before[name], after[name]) for name in before)
    assert same(of(tmp_path / "run", "normalize", "last"), of(first, "normalize"))


def test_a_run_of_64_bits_is_gone_on_from_with_32(tmp_path: Path) -> None:
    trained(tmp_path / "first", *SKETCH, "trainer.precision=64")
    trained(tmp_path / "second", *SKETCH, f"init_from={tmp_path / 'first'}")
    assert {each.dtype for each in weights(tmp_path / "second").values() if each.is_floating_point()} == {torch.float32}


def test_a_shared_model_is_as_good_as_its_run(first: Path, tmp_path: Path, told) -> None:  # type: ignore[no-untyped-def]
    assert told("export", str(first), "format=safetensors", f"output={tmp_path / 'shared'}")[0] == 0
    one, _ = network(first)
    other, _ = network(tmp_path / "shared")
    assert same(one.state_dict(), other.state_dict())


@pytest.mark.parametrize("freeze", ["freeze=true", "freeze=false"])
def test_it_goes_on_without_the_other_run_and_ends_with_the_same_bits(
    freeze: str, first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    shutil.copytree(first, other)
    options = [*SKETCH, "seed=3", "data.batch_size=4", "trainer.max_epochs=3", f"init_from={other}", freeze]
    trained(tmp_path / "whole", *options)
    stop_after(monkeypatch, step=12)
    with pytest.raises(KeyError):
        trained(tmp_path / "cut", *options)
    monkeypatch.undo()
    shutil.rmtree(other)
    train(prepare_parts(composed(*options)), tmp_path / "cut", config="", overrides=[], resume=True)
    assert (tmp_path / "cut" / "metrics.csv").read_text() == (tmp_path / "whole" / "metrics.csv").read_text()
    assert same(weights(tmp_path / "cut"), weights(tmp_path / "whole"))
    assert seqtrain.load(tmp_path / "cut").classes == seqtrain.load(first).classes


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ([*CONV, "model.channels=[8,8]"], r"another model: set model\.channels=\[8\]"),
        (["model=lstm"], r"another model: seqtrain\.models\.conv\.ConvStack, not seqtrain\.models\.recurrent\.R"),
    ],
)
def test_another_model_is_told(first: Path, overrides: list[str], message: str) -> None:
    parts = prepare_parts(composed(*SKETCH[2:], *overrides))
    data = load_data(parts.data(), parts.loading(), seed=0)
    with pytest.raises(WrongInput, match=message):
        assemble(parts.model, parts.task(), data, seed=0, pretrained=starting_point(str(first), None))


def test_data_of_other_features_is_told(first: Path, tmp_path: Path) -> None:
    mel = [*CONV, "data=mel", *SMALL["mel"], *QUICK]
    with pytest.raises(WrongInput, match="reads 3 features at each step, and the data has 128: choose data"):
        trained(tmp_path, *mel, f"init_from={first}")


def test_what_is_no_model_is_told_before_anything_starts(told, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    status, text = told("train", "data=sketch", "init_from=nowhere")
    assert (status, "init_from: nowhere is no run folder" in text) == (2, True)
    status, text = told("train", "data=sketch", "freeze=true")
    assert (status, "freeze is true but init_from is null: name the run to start from" in text) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_weights_make_the_training_and_not_where_they_lie(first: Path, tmp_path: Path) -> None:
    shutil.copytree(first, tmp_path / "copy")
    trained(tmp_path / "longer", *SKETCH, "trainer.max_epochs=2")
    references = [pinned(str(folder)) for folder in (first, tmp_path / "copy", tmp_path / "longer")]
    configs = [OmegaConf.create({"seed": 0, "init_from": each}) for each in (*references, None)]
    here, copied, longer, none = map(identity, configs)
    assert here == copied
    assert len({here, longer, none}) == 3
    assert differences(configs[0], configs[1]) == []
    assert len(differences(configs[0], configs[2])) == 1


def test_weights_that_changed_since_they_were_named_are_refused(first: Path, tmp_path: Path) -> None:
    shutil.copytree(first, tmp_path / "run")
    reference = pinned(str(tmp_path / "run"))
    assert starting_point(reference, None) is not None
    shutil.rmtree(tmp_path / "run")
    trained(tmp_path / "run", *SKETCH, "trainer.max_epochs=2")
    with pytest.raises(WrongInput, match="that folder now holds other weights"):
        starting_point(reference, None)


def test_a_run_of_a_sweep_is_named_as_it_is(first: Path, told, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    shutil.copytree(first, tmp_path / "model=conv1d,seed=0")
    name = "init_from=model=conv1d,seed=0"
    assert told("inspect", *SKETCH, name)[0] == 0
    status, text = told("inspect", *SKETCH, "model.channels=[8,8]", name)
    assert (status, "init_from is model=conv1d,seed=0, which has another model" in text) == (2, True)


def test_a_sweep_stores_what_it_started_from(first: Path, told, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    line = ["train", "-m", *SKETCH, f"init_from={first}", "freeze=true,false", "sweep=tuned", "logger=none"]
    status, text = told(*line)
    assert status == 0, text
    runs = sorted((tmp_path / "outputs" / "sweeps" / "tuned").glob("*/result.json"))
    assert len(runs) == 2
    for run in runs:
        stored = OmegaConf.load(run.parent / ".hydra" / "config.yaml").init_from
        assert stored == pinned(str(first))
    assert len({json.loads(run.read_text())["identity"] for run in runs}) == 2
    status, text = told(*line)
    assert status == 0
    assert "2 of 2" in text
