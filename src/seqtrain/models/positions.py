"""How attention knows in which order the steps come."""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from seqtrain.errors import WrongInput


class LearnedPositions(nn.Module):
    """A learned vector for each place, added to its step (Gehring et al. 2017): (B, T, H) -> (B, T, H).

    Raises WrongInput in use where a sequence has more steps than there are places.
    """

    def __init__(self, hidden: int, *, longest: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(0.02 * torch.randn(longest, hidden))

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        vectors = self.vectors
        if not torch.onnx.is_in_onnx_export() and steps.shape[1] > len(vectors):  # a graph fails at the sum below
            if int(lengths.max()) > len(vectors):
                raise WrongInput(
                    f"a sequence has {int(lengths.max())} steps but the model learned {len(vectors)} positions: "
                    "shorten the input, or train with model.positions=rotary"
                )
            vectors = pad(vectors, (0, 0, 0, steps.shape[1] - len(vectors)))
        return steps + vectors[: steps.shape[1]]


def rotate(parts: Tensor) -> Tensor:
    """Turns the features 2i and 2i + 1 of step t by the angle t 10000^(-2i/E); (…, T, E) -> (…, T, E).

    Rotary positions (Su et al. 2021, equations 15 and 34): a product of two turned vectors depends on how far apart
    their steps are, and on no step's own place.
    """
    steps, features = parts.shape[-2:]
    exact = torch.promote_types(parts.dtype, torch.float32)  # in half precision a far step would have another angle
    pair = torch.arange(0, features, 2, device=parts.device, dtype=exact)
    angles = torch.arange(steps, device=parts.device)[:, None] * 10000 ** (-pair / features)  # (T, E/2)
    cos, sin = angles.cos().to(parts.dtype), angles.sin().to(parts.dtype)
    even, odd = parts.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack((even * cos - odd * sin, odd * cos + even * sin), -1).flatten(-2)
