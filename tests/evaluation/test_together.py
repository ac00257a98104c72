"""The mean of several networks is numpy's, and each network's own outcomes stay what they are alone."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from seqtrain.batch import Predicts, Spec
from seqtrain.criteria import ClassCriterion, ValueCriterion
from seqtrain.evaluation import outcomes_of
from seqtrain.evaluation.together import mean_output, outcomes_together
from seqtrain.heads import LogProbabilities, PooledHead, StepHead, mean_over_time
from seqtrain.network import Network
from seqtrain.sequences import Sequences

INPUTS = [torch.randn(steps, 3, generator=torch.Generator().manual_seed(steps)) for steps in (4, 1, 7, 4)]


class Echo(nn.Module):
    out_features = 3

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        return inputs, lengths


def networks(predicts: Predicts) -> list[Network]:
    torch.manual_seed(0)
    found = []
    for _ in range(3):
        head = StepHead(3, 3) if predicts.startswith("step") else PooledHead(3, 3, pool=mean_over_time)
        found.append(Network(None, Echo(), LogProbabilities(head) if "classes" in predicts else head))
    return found


def spec(predicts: Predicts) -> Spec:
    return Spec(3, 1, 7, predicts, 3, ("a", "b", "c") if "classes" in predicts else ())


def test_classes_have_the_mean_probability() -> None:
    every = [torch.randn(5, 3).log_softmax(-1) for _ in range(4)]
    found = mean_output(every, spec("classes")).exp().numpy()
    np.testing.assert_allclose(found, np.mean([each.exp().numpy() for each in every], axis=0), rtol=1e-5)


def test_values_are_their_mean() -> None:
    every = [torch.randn(5, 3) for _ in range(4)]
    np.testing.assert_allclose(
        mean_output(every, spec("values")).numpy(), np.mean([each.numpy() for each in every], axis=0), rtol=1e-5
    )


def test_one_network_together_is_itself() -> None:
    alone = torch.randn(5, 3).log_softmax(-1)
    assert torch.equal(mean_output([alone], spec("classes")), alone)


@pytest.mark.parametrize("predicts", ["classes", "step_classes", "values", "step_values"])
def test_together_and_alone_are_found_in_one_pass(predicts: Predicts) -> None:
    kind = spec(predicts)
    classes, per_step = bool(kind.classes), kind.per_step
    if per_step:
        targets = [torch.randint(3, (len(x),)) if classes else torch.randn(len(x), 3) for x in INPUTS]
        sequences = Sequences.of(INPUTS, targets)
    else:
        sequences = Sequences.of(INPUTS, torch.tensor([0, 1, 2, 0]) if classes else torch.randn(4, 3))
    criterion = ClassCriterion(label_smoothing=0, class_weights=None) if classes else ValueCriterion("mse")
    batches = [sequences.batch(torch.tensor(some)) for some in ([3, 2], [1, 0])]
    every = networks(predicts)
    together, alone = outcomes_together(every, criterion, kind, batches, 4)
    for network, found in zip(every, alone, strict=True):
        expected = outcomes_of(network, criterion, kind, batches, 4)
        assert torch.equal(found.losses, expected.losses)
        assert torch.equal(found.predicted, expected.predicted)
    owner = []
    predicted = []
    for index, inputs in enumerate(INPUTS):
        with torch.no_grad():
            said = [n(inputs[None], torch.tensor([len(inputs)]))[0] for n in every]
        mean = np.mean([(each.exp() if classes else each).numpy() for each in said], axis=0)
        mean = mean if per_step else mean[None]
        predicted.append(mean.argmax(-1) if classes else mean)
        owner += [index] * len(mean)
    assert together.owner.tolist() == owner
    np.testing.assert_allclose(together.predicted.numpy(), np.concatenate(predicted), rtol=1e-5, atol=1e-6)
