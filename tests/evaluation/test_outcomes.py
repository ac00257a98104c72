"""Passing over a set gives what a plain loop over its sequences gives."""

import torch

from seqtrain.batch import Batch, Spec
from seqtrain.criteria import ClassCriterion, ValueCriterion
from seqtrain.evaluation import outcomes_of, worst_first
from seqtrain.network import Network
from seqtrain.sequences import Sequences


class Echo(torch.nn.Module):
    """A backbone that hands on its inputs."""

    out_features = 3

    def forward(self, inputs: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return inputs, lengths


class Steps(torch.nn.Module):
    def forward(self, outputs: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return outputs.log_softmax(-1)


class Values(torch.nn.Module):
    def forward(self, outputs: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return outputs.sum(1) / lengths[:, None]


LENGTHS = (4, 1, 7, 2)
INPUTS = [torch.randn(steps, 3, generator=torch.Generator().manual_seed(steps)) for steps in LENGTHS]


def backwards(sequences: Sequences) -> list[Batch]:
    """Batches in another order than the set's."""
    return [sequences.batch(torch.tensor([3, 0])), sequences.batch(torch.tensor([2, 1]))]


def test_classes_at_every_step_belong_to_their_sequence() -> None:
    targets = [torch.arange(steps) % 3 for steps in LENGTHS]
    scored = [torch.arange(steps) != 1 for steps in LENGTHS]
    sequences = Sequences.of(INPUTS, targets, scored=scored)
    spec = Spec(3, 1, 7, "step_classes", 3, ("a", "b", "c"))
    found = outcomes_of(
        Network(None, Echo(), Steps()),
        ClassCriterion(label_smoothing=0, class_weights=None),
        spec,
        backwards(sequences),
        4,
    )
    assert found.owner.tolist() == [i for i, keep in enumerate(scored) for _ in range(int(keep.sum()))]
    assert found.second is None
    for i in range(4):
        log = INPUTS[i][scored[i]].log_softmax(-1)
        mine = found.owner == i
        losses = -log[torch.arange(len(log)), targets[i][scored[i]]]
        torch.testing.assert_close(found.losses[i].float(), losses.sum())
        assert found.weights[i] == len(log)
        assert found.truth[mine].tolist() == targets[i][scored[i]].tolist()
        assert found.predicted[mine].tolist() == log.argmax(-1).tolist()
        assert found.probability is not None
        torch.testing.assert_close(found.probability[mine].float(), log.max(-1).values.exp())


def test_the_worst_come_first() -> None:
    targets = torch.stack([each.mean(0) for each in INPUTS])
    targets[2] += 5
    targets[0] += 1
    sequences = Sequences.of(INPUTS, targets)
    spec = Spec(3, 1, 7, "values", 3)
    found = outcomes_of(Network(None, Echo(), Values()), ValueCriterion("mse"), spec, backwards(sequences), 4)
    torch.testing.assert_close(found.mean_losses, torch.tensor([1.0, 0, 25, 0]).double(), atol=1e-5, rtol=1e-5)
    assert worst_first(found, 2) == [2, 0]
    torch.testing.assert_close(found.truth.float(), targets)
