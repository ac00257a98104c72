"""The residual network is that of its paper, and says what it cannot be."""

import pytest
import torch
from torch.nn import functional

from seqtrain.errors import WrongInput
from seqtrain.models.resnet1d import ResNet1d


def parameters_of_the_paper(features: int) -> int:
    """Three blocks of 64, 128 and 128 filters, of three convolutions (8, 5, 3 steps) with batch norm each.

    The shortcut is a convolution of one step with batch norm, or batch norm alone where the width stays.
    """
    count = 0
    for before, after in ((features, 64), (64, 128), (128, 128)):
        for size, into in ((8, before), (5, after), (3, after)):
            count += size * into * after + after + 2 * after
        count += 2 * after + (before * after + after if before != after else 0)
    return count


@pytest.mark.parametrize("features", [1, 6])
def test_has_the_published_sizes(features):
    model = ResNet1d(features)
    assert sum(p.numel() for p in model.parameters()) == parameters_of_the_paper(features)
    assert model.out_features == 128


def norm(steps, layer):
    return functional.batch_norm(steps, None, None, layer.weight, layer.bias, training=True)


def test_is_the_blocks_of_the_paper():
    torch.manual_seed(0)
    model = ResNet1d(2, channels=[4, 6, 6], kernel_size=[8, 5, 3]).double()
    inputs = torch.randn(3, 20, 2, dtype=torch.float64)
    steps = inputs.transpose(1, 2)
    for block in model.blocks:
        out = steps
        for place, layer in enumerate(block.layers):
            size = layer.conv.kernel_size[0]
            padded = functional.pad(out, ((size - 1) // 2, size // 2))
            out = norm(functional.conv1d(padded, layer.conv.weight, layer.conv.bias), layer.norm)
            out = out.relu() if place < 2 else out
        into = steps if steps.shape[1] == out.shape[1] else block.shortcut.project(steps)
        steps = (out + norm(into, block.shortcut.norm)).relu()
    outputs, lengths = model(inputs, torch.tensor([20, 20, 20]))
    torch.testing.assert_close(outputs, steps.transpose(1, 2))
    assert lengths.tolist() == [20, 20, 20]


def test_padding_does_not_change_training():
    torch.manual_seed(0)
    model = ResNet1d(3, channels=[4, 4])
    inputs, lengths = torch.randn(2, 6, 3), torch.tensor([6, 3])
    padded = torch.cat([inputs, torch.randn(2, 50, 3)], 1)
    torch.testing.assert_close(model(inputs, lengths)[0], model(padded, lengths)[0][:, :6], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("setting", ["channels", "kernel_size"])
def test_refuses_nothing_in_words(setting):
    with pytest.raises(WrongInput, match=rf"^{setting} is \[\]: name the .* of at least one"):
        ResNet1d(1, **{setting: []})
