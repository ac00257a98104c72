"""The models of the cases as a good engineer writes them in torch, with the weights of seqtrain's own."""

from copy import deepcopy

import torch
from torch import Tensor, nn

from seqtrain.models.conv import ConvStack
from seqtrain.models.recurrent import Recurrent
from seqtrain.models.sketchmate import Sketchmate
from seqtrain.network import Network


class Own(nn.Module):
    """(B, T, F) -> what seqtrain's network says: its own layers, for models that torch has none of."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.backbone, self.head = network.backbone, network.head

    def forward(self, inputs: Tensor) -> Tensor:
        outputs, lengths = self.backbone(inputs, torch.full((len(inputs),), inputs.shape[1]))
        said: Tensor = self.head(outputs, lengths)
        return said


class BareRecurrent(nn.Module):
    """(B, T, F) -> (B, T, D)"""

    def __init__(self, network: Network) -> None:
        super().__init__()
        assert isinstance(network.backbone, Recurrent)
        self.layers = deepcopy(network.backbone.layers)
        self.linear = deepcopy(network.head.linear)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.linear(self.layers(inputs)[0])


class BareConv(nn.Module):
    """(B, F, T) -> (B, C)"""

    def __init__(self, network: Network) -> None:
        super().__init__()
        assert isinstance(network.backbone, ConvStack)
        layers: list[nn.Module] = []
        for layer in network.backbone.layers:
            norm = nn.BatchNorm1d(layer.conv.out_channels)
            norm.load_state_dict(layer.norm.state_dict())
            conv, rate = layer.conv, layer.dropout.p
            layers += [_torchs(conv), norm, nn.ReLU(), nn.Dropout(rate)]
        self.layers = nn.Sequential(*layers)
        self.linear = deepcopy(network.head.head.linear)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.linear(self.layers(inputs).mean(2))


class BareSketchmate(nn.Module):
    """(B, F, T) -> (B, C)"""

    def __init__(self, network: Network) -> None:
        super().__init__()
        backbone = network.backbone
        assert isinstance(backbone, Sketchmate)
        self.strokes = nn.Sequential(
            *(each for layer in backbone.strokes.layers for each in (_torchs(layer.conv), nn.Dropout(layer.dropout.p)))
        )
        self.order = deepcopy(backbone.order.layers)
        self.linear = deepcopy(network.head.head.linear)

    def forward(self, inputs: Tensor) -> Tensor:
        strokes = self.strokes(inputs).transpose(1, 2)  # (B, T', C)
        return self.linear(self.order(strokes)[0].flatten(1))


def _torchs(conv: nn.Conv1d) -> nn.Conv1d:
    """torch's own convolution of the same sizes and weights."""
    names = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups")
    plain = nn.Conv1d(**{name: getattr(conv, name) for name in names})
    plain.load_state_dict(conv.state_dict())
    return plain
