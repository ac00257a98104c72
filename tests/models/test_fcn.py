"""The fully convolutional network is that of its paper."""

import torch

from seqtrain.models.fcn import Fcn


def parameters_of_the_paper(features: int, classes: int) -> int:
    """Blocks of convolution and batch norm, 128, 256 and 128 filters of 8, 5 and 3 steps; then a linear layer."""
    blocks = ((8, features, 128), (5, 128, 256), (3, 256, 128))
    return sum(size * before * after + after + 2 * after for size, before, after in blocks) + 128 * classes + classes


def test_has_the_published_sizes():
    for features in (1, 6):
        model = Fcn(features)
        head = torch.nn.Linear(model.out_features, 2)
        count = sum(p.numel() for p in (*model.parameters(), *head.parameters()))
        assert count == parameters_of_the_paper(features, 2)


def test_is_convolution_batch_norm_and_relu_three_times():
    torch.manual_seed(0)
    model = Fcn(2).double()
    inputs = torch.randn(3, 20, 2, dtype=torch.float64)
    steps = inputs.transpose(1, 2)
    for layer in model.convs.layers:
        left = (layer.conv.kernel_size[0] - 1) // 2  # as Keras pads
        padded = torch.nn.functional.pad(steps, (left, layer.conv.kernel_size[0] - 1 - left))
        convolved = torch.nn.functional.conv1d(padded, layer.conv.weight, layer.conv.bias)
        steps = torch.nn.functional.batch_norm(convolved, None, None, training=True).relu()
    outputs, _ = model(inputs, torch.tensor([20, 20, 20]))
    torch.testing.assert_close(outputs, steps.transpose(1, 2))
