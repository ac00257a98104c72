"""Padding never changes an answer, nor what is learnt: whatever a sequence is padded to or batched with."""

import pytest
import torch
from composing import choices, composed
from torch.nn.modules.dropout import _DropoutNd

from seqtrain.assemble import assemble
from seqtrain.batch import Batch, Spec
from seqtrain.build import prepare
from seqtrain.loading import Data, Loading
from seqtrain.network import Network
from seqtrain.sequences import Sequences, feature_statistics

LENGTHS = [1, 2, 11, 12, 40]
FEATURES = 3
TASKS = ["step_regression", "regression", "step_classification", "classification", "multilabel"]


def make_data(predicts: str) -> Data:
    inputs = [torch.randn(n, FEATURES) * 2 + 1 for n in LENGTHS]
    targets = {
        "step_values": [torch.randn(n, 2) for n in LENGTHS],
        "values": torch.randn(len(LENGTHS), 2),
        "step_classes": [torch.randint(4, (n,)) for n in LENGTHS],
        "classes": torch.tensor([0, 1, 2, 3, 1]),
        "labels": torch.tensor([[1.0, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 0, 0], [0, 0, 1, 1]]),
    }[predicts]
    train = Sequences.of(inputs, targets)
    classes = () if "values" in predicts else tuple("abcd")
    spec = Spec(FEATURES, 1, 40, predicts, len(classes) or 2, classes, (1, 2, 1, 1) if classes else ())
    statistics = feature_statistics(train)
    return Data(train, train, train, spec, "curve", statistics, None, None, Loading())


def more_padding(batch: Batch) -> Batch:
    """50 more steps, of which nothing may be read."""

    def longer(steps: torch.Tensor) -> torch.Tensor:
        return torch.cat([steps, torch.zeros(len(steps), 50, *steps.shape[2:], dtype=steps.dtype)], 1)

    inputs = torch.cat([batch.inputs, torch.zeros(len(batch.inputs), 50, FEATURES).to(batch.inputs)], 1)
    if batch.scored is None:
        return batch._replace(inputs=inputs)
    return batch._replace(inputs=inputs, targets=longer(batch.targets), scored=longer(batch.scored))


@pytest.mark.parametrize("read", ["auto", "mean", "max", "last", "flatten"])
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("model", choices("model"))
def test_padding_never_changes_an_answer(model: str, task: str, read: str) -> None:
    if read != "auto" and task.startswith("step"):
        return  # a prediction at each step reads each step: there is nothing to choose
    torch.manual_seed(0)
    overrides = [f"task={task}", f"model={model}"] + ([f"task.read={read}"] if not task.startswith("step") else [])
    config = composed(*overrides)
    scorer = prepare(config.task, "task")()
    data = make_data(scorer.predicts)
    network = assemble(prepare(config.model, "model"), scorer, data, seed=0).eval()
    _train_norms(network, data)
    criterion, scores = scorer.criterion(data.spec), scorer.scores(data.spec)
    together = data.train.batch(torch.arange(len(LENGTHS)))
    with torch.no_grad():
        mixed = network(together.inputs, together.lengths)
        padded_batch = more_padding(together)
        padded = network(padded_batch.inputs, padded_batch.lengths)
        sums = criterion(mixed, together), scores.measure(mixed, together)
        torch.testing.assert_close(criterion(padded, padded_batch), sums[0], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(scores.measure(padded, padded_batch), sums[1], rtol=1e-5, atol=1e-5)
        alone_loss, alone_scores = torch.zeros(()), scores.zero()
        for row, length in enumerate(LENGTHS):
            alone = data.train.batch(torch.tensor([row]))
            answer = network(alone.inputs, alone.lengths)
            seen = slice(length) if data.spec.per_step else slice(None)
            torch.testing.assert_close(answer[0][seen], mixed[row][seen], rtol=1e-5, atol=1e-5)
            torch.testing.assert_close(padded[row][seen], mixed[row][seen], rtol=1e-5, atol=1e-5)
            alone_loss += criterion(answer, alone)
            alone_scores = alone_scores + scores.measure(answer, alone)
        torch.testing.assert_close(alone_loss, sums[0], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(alone_scores, sums[1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("task", ["step_regression", "classification"])
@pytest.mark.parametrize("model", choices("model"))
def test_padding_never_changes_a_gradient(model: str, task: str) -> None:
    torch.manual_seed(0)
    config = composed(f"task={task}", f"model={model}")
    scorer = prepare(config.task, "task")()
    data = make_data(scorer.predicts)
    network = assemble(prepare(config.model, "model"), scorer, data, seed=0).double()
    criterion = scorer.criterion(data.spec)
    alone = [_exact(data.train.batch(torch.tensor([row]))) for row in range(len(LENGTHS))]
    together = _exact(data.train.batch(torch.arange(len(LENGTHS))))

    def gradients(batches: list[Batch]) -> dict[str, torch.Tensor]:
        network.zero_grad()
        for batch in batches:
            criterion(network(batch.inputs, batch.lengths), batch).backward()
        return {name: each.grad for name, each in network.named_parameters() if each.grad is not None}

    network.train()  # the statistics of a batch's norm are of its valid steps
    for module in network.modules():
        if isinstance(module, _DropoutNd):
            module.eval()
    found = gradients([together])
    assert found
    torch.testing.assert_close(gradients([more_padding(together)]), found)
    network.eval()
    torch.testing.assert_close(gradients([together]), gradients(alone))


def _exact(batch: Batch) -> Batch:
    targets = batch.targets.double() if batch.targets.is_floating_point() else batch.targets
    return batch._replace(inputs=batch.inputs.double(), targets=targets)


def _train_norms(network: Network, data: Data) -> None:
    """Running statistics other than those a norm starts with."""
    network.train()
    with torch.no_grad():
        batch = data.train.batch(torch.arange(len(LENGTHS)))
        network(batch.inputs, batch.lengths)
    network.eval()
