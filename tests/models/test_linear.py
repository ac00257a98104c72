"""The linear backbone hands on what it is given, and nothing of the padding."""

import torch

from seqtrain.models.linear import Linear


def test_hands_inputs_on_without_parameters():
    model = Linear(3)
    inputs = torch.randn(2, 5, 3)
    outputs, lengths = model(inputs, torch.tensor([5, 2]))
    assert model.out_features == 3
    assert not list(model.parameters())
    assert lengths.tolist() == [5, 2]
    assert torch.equal(outputs[0], inputs[0])
    assert torch.equal(outputs[1, :2], inputs[1, :2])
    assert not outputs[1, 2:].any()
