"""One step at a time gives what the whole sequence gives, and a model that cannot step says why."""

import pytest
import torch
from composing import composed
from test_padding import FEATURES, LENGTHS, TASKS, make_data

from seqtrain.assemble import assemble
from seqtrain.build import prepare
from seqtrain.errors import WrongInput
from seqtrain.network import Network, Rescale
from seqtrain.sequences import Statistics
from seqtrain.stepping import Stepper


def make_network(*overrides: str, task: str = "classification", layers: int = 1) -> Network:
    """With normalising, and where values are predicted with rescaling, of weights that have something to say."""
    config = composed(f"task={task}", *overrides)
    if layers > 1:
        config.model.num_layers = layers
    scorer = prepare(config.task, "task")()
    network = assemble(prepare(config.model, "model"), scorer, make_data(scorer.predicts), seed=0).eval()
    if "regression" in task:
        network.rescale = Rescale(Statistics(torch.tensor([5.0, -3.0]), torch.tensor([10.0, 0.5])))
    if hasattr(network.backbone, "start"):
        torch.nn.init.normal_(network.backbone.start)
    return network


def reads(task: str) -> list[str]:
    return [] if task.startswith("step") else ["mean", "max", "last"]


@pytest.mark.parametrize(("task", "read"), [(task, read) for task in TASKS for read in reads(task) or [""]])
@pytest.mark.parametrize("model", ["rnn", "lstm", "gru"])
def test_steps_give_what_the_whole_gives(model: str, task: str, read: str) -> None:
    torch.manual_seed(0)
    overrides = [f"model={model}", "model.initial_state=learned", *([f"task.read={read}"] if read else [])]
    for layers in (1, 3):
        check_steps(make_network(*overrides, task=task, layers=layers))


@pytest.mark.parametrize("task", TASKS)
def test_a_causal_convolution_steps(task: str) -> None:
    torch.manual_seed(0)
    check_steps(make_network("model=tcn", "model.channels=[8,8,8]", task=task))


def check_steps(network: Network, *, close: float = 1e-6) -> None:
    inputs = 2 * torch.randn(2, max(LENGTHS), FEATURES) + 1
    stepper = Stepper(network, features=FEATURES)
    for count in range(1, inputs.shape[1] + 1):
        stepped = stepper.step(inputs[:, count - 1])
        if count not in LENGTHS:
            continue
        with torch.no_grad():
            whole = network(inputs[:, :count], torch.tensor([count, count]))
        whole = whole[:, -1] if whole.dim() == 3 else whole
        torch.testing.assert_close(stepped, whole, rtol=close, atol=close * float(whole.abs().max().clamp(min=1)))
    assert stepper.steps == inputs.shape[1]


@pytest.mark.parametrize("task", ["classification", "step_regression"])
@pytest.mark.parametrize(
    "overrides", [["model=mingru"], ["model=s4d"], ["model=s4d", "model.poles=inv", "model.discretization=bilinear"]]
)
def test_models_that_train_on_all_steps_at_once_step_too(overrides: list[str], task: str) -> None:
    torch.manual_seed(0)
    for layers in (1, 3):
        check_steps(make_network(*overrides, task=task, layers=layers), close=1e-5)


def test_a_reset_begins_a_new_sequence() -> None:
    stepper = Stepper(make_network("model=gru"), features=FEATURES)
    steps = torch.randn(5, FEATURES)
    first = [stepper.step(step) for step in steps]
    stepper.reset()
    torch.testing.assert_close([stepper.step(step) for step in steps], first, rtol=0, atol=0)
    assert first[0].shape == (4,)


def test_a_linear_model_steps() -> None:
    network = make_network("model=linear")
    steps = torch.randn(1, 6, FEATURES)
    stepper = Stepper(network, features=FEATURES)
    answers = [stepper.step(steps[:, place]) for place in range(6)]
    with torch.no_grad():
        torch.testing.assert_close(answers[-1], network(steps, torch.tensor([6])), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["model=lstm", "model.bidirectional=true"], "train with model.bidirectional=false"),
        (["model=s4d", "model.bidirectional=true"], "train with model.bidirectional=false"),
        (["model=transformer"], "Transformer cannot read one step at a time"),
        (["model=conv1d"], "ConvStack cannot read one step at a time"),
        (["model=sketchmate", "task.read=mean"], "Sketchmate cannot read one step at a time"),
        (["model=inception", "model.ensemble=2"], "Inception cannot read one step at a time"),
        (["model=lstm", "task.read=flatten"], "train with task.read=mean, max or last"),
    ],
)
def test_a_model_that_cannot_step_says_why(overrides: list[str], message: str) -> None:
    with pytest.raises(WrongInput, match=message):
        Stepper(make_network(*overrides), features=FEATURES)


def test_steps_of_another_shape_are_refused() -> None:
    stepper = Stepper(make_network("model=rnn"), features=FEATURES)
    with pytest.raises(WrongInput, match=r"must be \(B, 3\)"):
        stepper.step(torch.zeros(2, 4))
    stepper.step(torch.zeros(2, 3))
    with pytest.raises(WrongInput, match=r"call reset\(\)"):
        stepper.step(torch.zeros(3, 3))
