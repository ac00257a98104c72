"""The network: what maps sequences to predictions, normalising included, and nothing of training."""

import torch
from torch import Tensor, nn

from seqtrain.batch import zero_padding
from seqtrain.sequences import Statistics, last_step


class Normalize(nn.Module):
    """Subtract the training set's mean and divide by its standard deviation; padding stays zero."""

    mean: Tensor
    std: Tensor

    def __init__(self, statistics: Statistics) -> None:
        super().__init__()
        self.register_buffer("mean", statistics.mean)
        self.register_buffer("std", statistics.std)

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        return zero_padding((inputs - self.mean).div_(self.std), lengths)


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


class Change(nn.Module):
    """Sequences seen relative to their last step, and what was learnt as a change from there as values.

    NLinear of Zeng et al. (2023), "Are Transformers Effective for Time Series Forecasting?", for any backbone.
    """

    features: Tensor

    def __init__(self, features: Tensor) -> None:
        super().__init__()
        self.register_buffer("features", features)  # (D,) int64: those that the predicted values go on from

    def relative(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, F) -> the same less the last valid step of each."""
        return zero_padding(inputs - last_step(inputs, lengths), lengths)

    def forward(self, predicted: Tensor, inputs: Tensor, lengths: Tensor) -> Tensor:
        """(B, D) changes -> (B, D) values, given the inputs (B, T, F) in their own units."""
        return predicted + last_step(inputs, lengths)[:, 0].index_select(1, self.features)


class Network(nn.Module):
    """Normalising, backbone and head in a row, and the units of values at the end.

    Called with inputs (B, T, F) and lengths (B,); the answer is values (B, T, D) or (B, D), or log-probabilities
    (B, T, C) or (B, C), as the head has it.
    """

    def __init__(
        self,
        normalize: Normalize | None,
        backbone: nn.Module,
        head: nn.Module,
        rescale: Rescale | None = None,
        change: Change | None = None,
    ) -> None:
        super().__init__()
        self.normalize = normalize
        self.backbone = backbone
        self.head = head
        self.rescale = rescale
        self.change = change

    @property
    def leaves_inputs(self) -> bool:
        """Whether inputs are surely left as they are: normalised numbers are new; a backbone may write to its own."""
        return self.normalize is not None

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        return self.answer(*self.seen(inputs, lengths), inputs, lengths)

    def seen(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """What the backbone puts out (B, T', H), and how many steps of it are valid (B,)."""
        steps = inputs if self.change is None else self.change.relative(inputs, lengths)
        found: tuple[Tensor, Tensor] = self.backbone(self._normalized(steps, lengths), lengths)
        return found

    def answer(self, outputs: Tensor, left: Tensor, inputs: Tensor, lengths: Tensor) -> Tensor:
        """The prediction from what was seen of the inputs."""
        predicted = self._predicted(outputs, left)
        return predicted if self.change is None else self.change(predicted, inputs, lengths)

    def read_on(self, inputs: Tensor, lengths: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """`forward` from a state of the backbone (B, …) -> the predictions, and the state afterwards; see `carried`."""
        outputs, after = self.backbone.read_on(self._normalized(inputs, lengths), lengths, state)  # type: ignore[operator]
        return self._predicted(outputs, lengths), after

    def _normalized(self, steps: Tensor, lengths: Tensor) -> Tensor:
        return steps if self.normalize is None else self.normalize(steps, lengths)

    def _predicted(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        predicted: Tensor = self.head(outputs, lengths)
        return predicted if self.rescale is None else self.rescale(predicted)

    def parameter_count(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())


def reseed(device: torch.device, key: int) -> None:
    """Seed the generators that dropout draws from; torch.manual_seed does the same 70 times slower."""
    torch.default_generator.manual_seed(key)
    if device.type == "cuda":
        torch.cuda.default_generators[device.index or 0].manual_seed(key)
