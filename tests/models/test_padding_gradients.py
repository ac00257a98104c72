"""Padding never changes what is learnt: gradients in training, whatever stands in it and however much there is."""

import pytest
import torch
from test_models_padding import FEATURES, LENGTHS, build

CASES = {
    "s4d": ("s4d", {"num_layers": 2}),
    "s4d-both_ways": ("s4d", {"num_layers": 2, "bidirectional": True}),
    "mingru": ("mingru", {"num_layers": 2}),
    "transformer": ("transformer", {"dropout": 0.0}),
    "transformer-learned": ("transformer", {"dropout": 0.0, "positions": "learned"}),
}


@pytest.mark.parametrize("case", CASES)
def test_padding_does_not_change_the_gradients(case):
    torch.manual_seed(0)
    model = build(*CASES[case]).double().train()
    lengths = torch.tensor(LENGTHS)
    inputs = torch.randn(len(LENGTHS), max(LENGTHS), FEATURES, dtype=torch.float64)
    weights = torch.randn(len(LENGTHS), max(LENGTHS), model.out_features, dtype=torch.float64)
    valid = (torch.arange(max(LENGTHS)) < lengths[:, None])[:, :, None]
    weights = weights * valid

    def gradients(steps):
        outputs, _ = model(steps, lengths)
        loss = (outputs[:, : weights.shape[1]] * weights).sum()
        return torch.autograd.grad(loss, list(model.parameters()))

    expected = gradients(torch.where(valid, inputs, 0))
    junk = 100 * torch.randn(len(LENGTHS), 50, FEATURES, dtype=torch.float64)
    others = [torch.where(valid, inputs, junk[:, : max(LENGTHS)]), torch.cat((inputs, junk), 1)]
    alone = [torch.zeros_like(each) for each in expected]
    for row, length in enumerate(LENGTHS):
        outputs, _ = model(inputs[row : row + 1, :length], lengths[row : row + 1])
        loss = (outputs[0] * weights[row, :length]).sum()
        alone = [sum(pair) for pair in zip(alone, torch.autograd.grad(loss, list(model.parameters())), strict=True)]
    for found in [*map(gradients, others), alone]:
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-10)
    assert any(each.abs().max() > 1e-3 for each in expected)
