"""Every shipped model is the same in onnxruntime, and an export that is not leaves no file."""

import json
from functools import cache
from pathlib import Path

import pytest
import torch
from composing import LIGHT, choices, composed
from omegaconf import DictConfig, OmegaConf
from test_padding import LENGTHS, TASKS, make_data

from seqtrain.assemble import assemble
from seqtrain.build import prepare
from seqtrain.errors import WrongInput
from seqtrain.export import onnx as exporting
from seqtrain.export.onnx import export_onnx
from seqtrain.network import Rescale
from seqtrain.sequences import Statistics
from seqtrain.trained import Trained

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

SMALL = {
    "conv1d": ["model.channels=[8,8]"],
    "sketchmate": ["model.channels=[8,8,8]", "model.hidden=8"],
    "linear": [],
    **LIGHT,
}


@cache
def configured(*overrides: str) -> DictConfig:
    config = composed(*overrides)
    OmegaConf.set_struct(config, False)
    return config


def make_trained(model: str, task: str = "classification", *overrides: str) -> Trained:
    config = configured(f"model={model}", f"task={task}", *SMALL.get(model, ["model.hidden=8"]), *overrides).copy()
    scorer = prepare(config.task, "task")()
    data = make_data(scorer.predicts)
    network = assemble(prepare(config.model, "model"), scorer, data, seed=0)
    if "regression" in task:
        network.rescale = Rescale(Statistics(torch.tensor([500.0, -3.0]), torch.tensor([1000.0, 0.5])))
    return Trained(network, data.spec, config)


REFUSED = {"s4d": "no complex numbers for its Fourier transform: export format=safetensors"}


@pytest.mark.parametrize("model", REFUSED)
def test_a_model_without_a_graph_says_why(tmp_path: Path, model: str) -> None:
    with pytest.raises(WrongInput, match=REFUSED[model]):
        export_onnx(make_trained(model), tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_learned_positions_are_the_same(tmp_path: Path) -> None:
    assert (
        export_onnx(make_trained("transformer", "classification", "model.positions=learned"), tmp_path / "m.onnx")
        < 1e-5
    )


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("model", sorted(set(choices("model")) - set(REFUSED)))
def test_every_model_is_the_same_in_onnxruntime(tmp_path: Path, model: str, task: str) -> None:
    trained = make_trained(model, task)
    export_onnx(trained, tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    batch = make_data(trained.spec.predicts).train.batch(torch.arange(len(LENGTHS)))
    (told,) = session.run(None, {"inputs": batch.inputs.numpy(), "lengths": batch.lengths.numpy()})
    with torch.no_grad():
        expected = trained.network(batch.inputs, batch.lengths)
    scale = 1 if trained.network.rescale is None else float(trained.network.rescale.std.max())
    for row, length in enumerate(LENGTHS):
        seen = slice(length) if trained.spec.per_step else slice(None)
        torch.testing.assert_close(torch.from_numpy(told[row][seen]), expected[row][seen], rtol=1e-5, atol=1e-5 * scale)


@pytest.mark.parametrize("read", ["max", "last", "flatten"])
@pytest.mark.parametrize("model", ["conv1d", "lstm"])
def test_every_reading_is_the_same(tmp_path: Path, model: str, read: str) -> None:
    assert export_onnx(make_trained(model, "classification", f"task.read={read}"), tmp_path / "m.onnx") < 1e-5


@pytest.mark.parametrize(
    "overrides",
    [
        ["model.bidirectional=true", "model.num_layers=2", "model.initial_state=learned"],
        ["model.initial_state=random", "model.dropout=0.5", "model.num_layers=2"],
    ],
)
def test_settings_of_recurrent_layers_are_the_same(tmp_path: Path, overrides: list[str]) -> None:
    assert export_onnx(make_trained("gru", "classification", *overrides), tmp_path / "m.onnx") < 1e-5


def test_strides_and_norms_are_the_same(tmp_path: Path) -> None:
    overrides = ["model.stride=2", "model.padding=1", "model.kernel_size=[4,3]", "model.norm=layer"]
    assert export_onnx(make_trained("conv1d", "classification", *overrides), tmp_path / "m.onnx") < 1e-5


def test_the_metadata_says_what_the_model_needs(tmp_path: Path) -> None:
    trained = make_trained("gru")
    trained.config.data.note = "${oc.env:SECRET,none}"
    export_onnx(trained, tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    told = session.get_modelmeta().custom_metadata_map
    assert json.loads(told["classes"]) == list("abcd")
    assert json.loads(told["spec"])["features"] == 3
    assert json.loads(told["data"])["note"] == "${oc.env:SECRET,none}"
    assert told["seqtrain"]
    assert [(each.name, each.shape) for each in session.get_inputs()] == [
        ("inputs", ["batch", "time", 3]),
        ("lengths", ["batch"]),
    ]
    assert [each.name for each in session.get_outputs()] == ["log_probabilities"]


def test_an_input_too_long_for_a_flatten_head_fails_in_onnxruntime(tmp_path: Path) -> None:
    export_onnx(make_trained("lstm", "classification", "task.read=flatten"), tmp_path / "m.onnx")
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 4
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", quiet, providers=["CPUExecutionProvider"])
    with pytest.raises(Exception, match="Dimension mismatch"):
        session.run(None, {"inputs": torch.zeros(1, 41, 3).numpy(), "lengths": torch.tensor([41]).numpy()})


def test_a_file_that_differs_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = make_trained("gru")
    written = exporting._write

    def altered(trained: Trained, path: Path) -> None:
        written(trained, path)
        with torch.no_grad():
            trained.network.head.head.linear.bias[0] += 0.01

    monkeypatch.setattr(exporting, "_write", altered)
    with pytest.raises(WrongInput, match=r"differs from the model by 0\.00\d+ for sequences of 40 steps"):
        export_onnx(trained, tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_sequences_of_the_data_are_held_against_the_network_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = make_trained("gru")
    examples = make_data(trained.spec.predicts).train
    assert export_onnx(trained, tmp_path / "m.onnx", examples) < 1e-5
    held = [counts.tolist() for _, counts in exporting._batches(trained, examples)]
    assert sorted(held[-1]) == sorted(examples.lengths.tolist())

    monkeypatch.setattr(exporting, "_lengths", lambda _: iter(()))
    monkeypatch.setattr(exporting, "TOLERANCE", -1.0)  # no difference is small enough
    with pytest.raises(WrongInput, match=r"differs from the model by .* for sequences of 1, 2, "):
        export_onnx(trained, tmp_path / "n.onnx", examples)


def test_a_model_that_onnx_cannot_say_is_told(tmp_path: Path) -> None:
    trained = make_trained("linear")

    class Odd(torch.nn.Module):
        out_features = 3

        def forward(self, inputs: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return torch.special.bessel_j0(inputs), lengths

    trained.network.backbone = Odd()
    with pytest.raises(WrongInput, match="model Odd cannot be exported to ONNX"):
        export_onnx(trained, tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(WrongInput, match=r"pip install 'seqtrain\[export\]'"):
        export_onnx(make_trained("linear"), tmp_path / "m.onnx")
