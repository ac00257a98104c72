"""Padding never changes an answer: every model that a config names, and the settings that could break it."""

import importlib
import inspect
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

CONFIGS = Path(__file__).parents[2] / "configs" / "model"
LENGTHS = [1, 2, 11, 30]
FEATURES = 3
NAMES = [path.stem for path in sorted(CONFIGS.glob("*.yaml"))]
BOTH_WAYS = {"bidirectional": True, "num_layers": 2, "dropout": 0.3}
STRIDES = {"padding": [0, 3, "same"], "kernel_size": [7, 2, 3], "stride": [2, 3, 1], "dilation": 2}
LAYER_NORM = {"norm": "layer", "activation": "gelu", "kernel_size": 4}  # an even kernel
SMALL = {
    "inception": {"filters": 4, "bottleneck": 4},
    "minirocket": {"features": 1000},
    "resnet1d": {"channels": [8, 16, 16]},
}
CASES = {
    **{name: (name, SMALL.get(name, {})) for name in NAMES},
    "conv1d-per_step": ("conv1d", {"per_step": True}),
    "conv1d-layer_norm": ("conv1d", LAYER_NORM),
    "conv1d-layer_norm-per_step": ("conv1d", {**LAYER_NORM, "per_step": True}),
    "conv1d-valid": ("conv1d", {"padding": "valid"}),
    "conv1d-strides": ("conv1d", STRIDES),
    "s4d-both_ways": ("s4d", {"bidirectional": True, "num_layers": 2, "poles": "inv", "discretization": "bilinear"}),
    "mingru-layers": ("mingru", {"num_layers": 3, "dropout": 0.3}),
    "transformer-learned": ("transformer", {"positions": "learned"}),
    "sketchmate-per_step": ("sketchmate", {"per_step": True}),
    "minirocket-per_step": ("minirocket", {**SMALL["minirocket"], "per_step": True}),
    **{
        f"{name}-both_ways-{state}": (name, {**BOTH_WAYS, "initial_state": state})
        for name in ("rnn", "lstm", "gru")
        for state in ("zero", "learned", "random")
    },
}


def build(name, changes):
    settings = OmegaConf.to_container(OmegaConf.load(CONFIGS / f"{name}.yaml"))
    module, _, kind = settings.pop("_target_").rpartition(".")
    kind = getattr(importlib.import_module(module), kind)
    facts = {"shortest": min(LENGTHS), "longest": max(LENGTHS)}
    asked = inspect.signature(kind).parameters
    facts = {key: value for key, value in facts.items() if key in asked}
    return kind(FEATURES, **{**settings, **facts, **changes})


def after_some_training(model, inputs, lengths):
    """Running statistics and initial states that are not their defaults."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    for _ in range(3):
        model.train()(inputs, lengths)
    return model.eval()


@torch.no_grad()
@pytest.mark.parametrize("case", CASES)
def test_padding_does_not_change_the_answer(case):
    torch.manual_seed(0)
    model = build(*CASES[case])
    lengths = torch.tensor(LENGTHS)
    inputs = torch.randn(len(LENGTHS), max(LENGTHS), FEATURES) * 2 + 1
    valid = torch.arange(max(LENGTHS)) < lengths[:, None]
    inputs = inputs * valid[:, :, None]
    model = after_some_training(model, inputs, lengths)

    mixed, after = model(inputs, lengths)
    if case.endswith("per_step"):
        assert torch.equal(after, lengths)
        assert mixed.shape[1] == inputs.shape[1]
    zeros, junk = torch.zeros(4, 50, FEATURES), torch.randn(4, 50, FEATURES) * 100
    dirty = torch.where(valid[:, :, None], inputs, torch.randn_like(inputs) * 100)
    others = [torch.cat([inputs, zeros], 1), torch.cat([dirty, junk], 1), dirty]
    for other in others:
        outputs, same = model(other, lengths)
        assert torch.equal(same, after)
        assert_same_valid(outputs, mixed, after)
    order = torch.tensor([2, 0, 3, 1])
    outputs, same = model(inputs[order], lengths[order])
    assert torch.equal(same, after[order])
    assert_same_valid(outputs, mixed[order], same)
    for row, length in enumerate(LENGTHS):
        alone, same = model(inputs[row : row + 1, :length], lengths[row : row + 1])
        assert same.tolist() == after[row : row + 1].tolist()
        assert_same_valid(alone, mixed[row : row + 1], same)


def assert_same_valid(outputs, expected, lengths):
    assert int(lengths.min()) >= 1
    for one, other, length in zip(outputs, expected, lengths.tolist(), strict=True):
        torch.testing.assert_close(one[:length], other[:length], atol=1e-5, rtol=1e-5)
        assert not one[length:].any()
        assert one[:length].any()
