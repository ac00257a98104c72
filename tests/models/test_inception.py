"""A network of InceptionTime is that of its paper and of its authors' code."""

import pytest
import torch
from torch.nn import functional

from seqtrain.errors import WrongInput
from seqtrain.models.inception import Inception


def parameters_of_the_paper(features: int) -> int:
    """Six modules, no biases: a bottleneck of 32 but for a single feature, 32 filters of 40, 20 and 10 steps, 32 of one
    step on the maximum, batch norm of 128; and two shortcuts of one step to 128 with batch norm.
    """
    count = 0
    for place in range(6):
        before = features if place == 0 else 128
        narrow = 32 if before > 1 else 1
        count += before * 32 * (before > 1) + narrow * 32 * (40 + 20 + 10) + before * 32 + 2 * 128
    return count + (features * 128 + 2 * 128) + (128 * 128 + 2 * 128)


@pytest.mark.parametrize("features", [1, 6])
def test_has_the_published_sizes(features):
    model = Inception(features)
    assert sum(p.numel() for p in model.parameters()) == parameters_of_the_paper(features)
    assert model.out_features == 128


def norm(steps, layer):
    return functional.batch_norm(steps, None, None, layer.weight, layer.bias, training=True)


def module_in_loops(module, steps):
    """(B, C, T) through the four branches, step by step."""
    narrow = steps if steps.shape[1] == 1 else torch.einsum("bct,oc->bot", steps, module.bottleneck.weight[:, :, 0])
    batch, _, count = steps.shape
    branches = []
    for layer in module.convs:
        size = layer.conv.kernel_size[0]
        left = (size - 1) // 2
        out = steps.new_zeros(batch, layer.conv.out_channels, count)
        for t in range(count):
            for j in range(size):
                if 0 <= t + j - left < count:
                    out[:, :, t] += narrow[:, :, t + j - left] @ layer.conv.weight[:, :, j].T
        branches.append(out)
    highest = torch.stack([steps[:, :, max(0, t - 1) : t + 2].amax(2) for t in range(count)], 2)
    branches.append(torch.einsum("bct,oc->bot", highest, module.of_maximum.weight[:, :, 0]))
    return norm(torch.cat(branches, 1), module.norm).relu()


@pytest.mark.parametrize("features", [1, 3])
def test_is_its_modules_with_a_shortcut_around_every_three(features):
    torch.manual_seed(0)
    whole = Inception(features, depth=7, filters=2, bottleneck=3, kernel_size=[8, 4, 3]).double()
    (model,) = whole.members
    inputs = torch.randn(3, 12, features, dtype=torch.float64) - 3  # below zero, where padding is not the maximum
    with torch.no_grad():
        steps = into = inputs.transpose(1, 2)
        for place, module in enumerate(model.inception):
            steps = module_in_loops(module, steps)
            if place % 3 == 2:
                shortcut = model.shortcuts[place // 3]
                around = norm(functional.conv1d(into, shortcut.project.weight), shortcut.norm)
                into = steps = (steps + around).relu()
        outputs, lengths = whole(inputs, torch.tensor([12, 12, 12]))
    torch.testing.assert_close(outputs, steps.transpose(1, 2))
    assert lengths.tolist() == [12, 12, 12]


def test_padding_does_not_change_training():
    torch.manual_seed(0)
    model = Inception(3, filters=4, bottleneck=4, depth=3)
    inputs, lengths = torch.randn(2, 9, 3) - 3, torch.tensor([9, 4])
    padded = torch.cat([inputs, torch.randn(2, 50, 3)], 1)
    gradients = []
    for steps in (inputs, padded):
        outputs, _ = model(steps, lengths)
        assert not outputs[1, 4:].any()
        gradients.append(torch.autograd.grad(outputs.square().sum(), list(model.parameters())))
    torch.testing.assert_close(gradients[0], gradients[1], atol=1e-4, rtol=1e-4)


def test_refuses_no_kernels_in_words():
    with pytest.raises(WrongInput, match=r"^kernel_size is \[\]: name the steps of at least one convolution"):
        Inception(1, kernel_size=[])
