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
        vectors: Tensor = self.vectors
        if not torch.onnx.is_in_onnx_export() and steps.shape[1] > len(vectors):  # a graph fails at the sum below
            if int(lengths.max()) > len(vectors):
                raise WrongInput(
                    f"a sequence has {int(lengths.max())} steps but the model learned {len(vectors)} positions: "
                    "shorten the input, or train with model.positions=rotary"
                )
            vectors = pad(vectors, (0, 0, 0, steps.shape[1] - len(vectors)))
        return steps + vectors[: steps.shape[1]]


def rotate(parts: Tensor) -> Tensor:
    """Turns the features i and i + E/2 of step t by the angle t 10000^(-2i/E); (…, T, E) -> (…, T, E).

    Rotary positions (Su et al. 2021, equations 15 and 34, which pair neighbours: the same up to the order of the
    features): a product of two turned vectors depends on how far apart their steps are, not on where they are.
    """
    features = parts.shape[-1]
    exact = torch.promote_types(parts.dtype, torch.float32)  # in half precision a far step would have another angle
    pair = torch.arange(0, features, 2, device=parts.device, dtype=exact)
    angles = torch.arange(parts.shape[-2], device=parts.device)[:, None] * 10000 ** (-pair / features)  # (T, E/2)
    cos, sin = angles.cos().to(parts.dtype), angles.sin().to(parts.dtype)
    one, other = parts.chunk(2, -1)
    return torch.cat((one * cos - other * sin, other * cos + one * sin), -1)
