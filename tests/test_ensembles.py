"""An ensemble answers with the mean of its members, each trained as it would be alone."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from composing import composed
from omegaconf import OmegaConf
from test_padding import TASKS, make_data

from seqtrain.assemble import assemble
from seqtrain.build import prepare
from seqtrain.export.onnx import export_onnx
from seqtrain.export.shared import write_shared
from seqtrain.network import Network
from seqtrain.trained import Trained, load

INCEPTION = ["model=inception", "model.filters=2", "model.bottleneck=2", "model.depth=3", "model.ensemble=3"]


def made(task: str, *overrides: str):  # type: ignore[no-untyped-def]
    config = composed(f"task={task}", *INCEPTION, *overrides)
    scorer = prepare(config.task, "task")()
    data = make_data(scorer.predicts)
    network = assemble(prepare(config.model, "model"), scorer, data, seed=0)
    return network, scorer.criterion(data.spec), data.train.batch(torch.arange(len(data.train)))


def alone(network: Network) -> list[Network]:
    """Each member with its head, as a network of its own."""
    pairs = zip(network.backbone.members, network.head.heads, strict=True)
    return [Network(network.normalize, backbone, head) for backbone, head in pairs]


@pytest.mark.parametrize("task", TASKS)
def test_the_answer_is_the_mean_of_the_members_probabilities_or_values(task: str) -> None:
    network, _, batch = made(task)
    with torch.no_grad():
        said = [each.eval()(batch.inputs, batch.lengths) for each in alone(network)]
        answer = network.eval()(batch.inputs, batch.lengths)
    assert not said[0].allclose(said[1])
    if "regression" not in task:
        said, answer = [each.exp() for each in said], answer.exp()
    torch.testing.assert_close(answer, sum(said) / 3)


@pytest.mark.parametrize("overrides", [[], ["task.label_smoothing=0.2", "task.class_weights=balanced"]])
@pytest.mark.parametrize("task", ["classification", "step_classification"])
def test_each_member_is_trained_as_it_would_be_alone(task: str, overrides: list[str]) -> None:
    network, criterion, batch = made(task, *overrides)
    loss = criterion(network.train()(batch.inputs, batch.lengths), batch)
    together = torch.autograd.grad(loss, list(network.parameters()))
    parameters = list(network.parameters())
    losses = [criterion(each(batch.inputs, batch.lengths), batch) for each in alone(network)]
    torch.testing.assert_close(loss, sum(losses) / 3)
    torch.testing.assert_close(together, torch.autograd.grad(sum(losses) / 3, parameters), rtol=1e-4, atol=1e-5)


def test_is_shared_and_exported(tmp_path: Path) -> None:
    config = composed(*INCEPTION, "task=classification")
    OmegaConf.set_struct(config, False)
    network, _, batch = made("classification")
    trained = Trained(network.eval(), make_data("classes").spec, config)
    write_shared(network, trained.spec, config, tmp_path / "shared")
    again = load(tmp_path / "shared")
    with torch.no_grad():
        assert again.network(batch.inputs, batch.lengths).equal(network(batch.inputs, batch.lengths))
    if find_spec("onnxruntime") is not None:
        assert export_onnx(trained, tmp_path / "m.onnx") < 1e-5
