"""The network: what maps sequences to predictions, normalising included, and nothing of training."""

import torch
from torch import Tensor, nn

from seqtrain.batch import zero_padding
from seqtrain.sequences import Statistics


class Normalize(nn.Module):
    """Subtract the training set's mean and divide by its standard deviation; padding stays zero."""

    mean: Tensor
    std: Tensor

    def __init__(self, statistics: Statistics) -> None:
        super().__init__()
        self.register_buffer("mean", statistics.mean)
        self.register_buffer("std", statistics.std)

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        return zero_padding((inputs - self.mean) / self.std, lengths)


class Rescale(nn.Module):
    """What a network learnt of standardised values, in the values' own units."""

    mean: Tensor
    std: Tensor

    def __init__(self, statistics: Statistics) -> None:
        super().__init__()
        self.register_buffer("mean", statistics.mean)
        self.register_buffer("std", statistics.std)

    def forward(self, predicted: Tensor) -> Tensor:
        return predicted * self.std + self.mean


class Network(nn.Module):
    """Normalising, backbone and head in a row, and the units of values at the end.

    Called with inputs (B, T, F) and lengths (B,); the answer is values (B, T, D) or (B, D), or log-probabilities
    (B, T, C) or (B, C), as the head has it.
    """

    def __init__(
        self, normalize: Normalize | None, backbone: nn.Module, head: nn.Module, rescale: Rescale | None = None
    ) -> None:
        super().__init__()
        self.normalize = normalize
        self.backbone = backbone
        self.head = head
        self.rescale = rescale

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        if self.normalize is not None:
            inputs = self.normalize(inputs, lengths)
        outputs, lengths = self.backbone(inputs, lengths)
        predicted: Tensor = self.head(outputs, lengths)
        return predicted if self.rescale is None else self.rescale(predicted)

    def parameter_count(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())


def reseed(device: torch.device, key: int) -> None:
    """Seed the generators that dropout draws from; torch.manual_seed does the same 70 times slower."""
    torch.default_generator.manual_seed(key)
    if device.type == "cuda":
        torch.cuda.default_generators[device.index or 0].manual_seed(key)
