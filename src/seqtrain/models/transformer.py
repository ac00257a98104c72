"""A Transformer encoder: every step attends to all valid steps of its sequence."""

from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from seqtrain.batch import valid_steps, zero_padding
from seqtrain.errors import WrongInput
from seqtrain.models.positions import LearnedPositions, rotate
from seqtrain.ranges import Count, Fraction


class Transformer(nn.Module):
    """The encoder of Vaswani et al. (2017) with its norms first (Xiong et al. 2020, figure 1b).

    A linear map to H features, then layers x + Attention(LayerNorm(x)), x + Feedforward(LayerNorm(x)), and a norm at
    the end. Padding is a key to no step.

    Shapes: inputs (B, T, F), lengths (B,) -> outputs (B, T, H), the same lengths.

    Args:
        hidden: features of each step, H.
        num_layers: layers.
        heads: parts of the features that attend on their own; must divide them.
        feedforward: features between the two linear maps of a layer, as a multiple of H.
        positions: rotary (queries and keys turned by their place, Su et al. 2021; any length), or learned (a vector
            for each place, up to the data's longest sequence).
        dropout: probability of zeroing what is added to the steps, in training (Vaswani et al., section 5.4).
        longest: steps of the data's longest sequence.

    Raises:
        WrongInput: `heads` does not divide `hidden`, or rotary positions have an odd number of features a head; in
            use, an input longer than the learned positions.
    """

    read: Literal["mean", "max", "last", "flatten"] = "mean"

    def __init__(
        self,
        in_features: int,
        *,
        hidden: Count = 64,
        num_layers: Count = 2,
        heads: Count = 4,
        feedforward: Count = 4,
        positions: Literal["rotary", "learned"] = "rotary",
        dropout: Fraction = 0.1,
        longest: int,
    ) -> None:
        super().__init__()
        if hidden % heads:
            raise WrongInput(f"heads is {heads} but must divide hidden {hidden}: change model.heads or model.hidden")
        rotary = positions == "rotary"
        if rotary and hidden // heads % 2:
            raise WrongInput(
                f"heads is {heads}, which leaves each {hidden // heads} of {hidden} features, and rotary positions "
                "turn pairs: change model.heads or model.hidden, or set model.positions=learned"
            )
        self.out_features = hidden
        self.enter = nn.Linear(in_features, hidden)
        self.places = None if rotary else LearnedPositions(hidden, longest=longest)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            EncoderLayer(hidden, heads=heads, between=feedforward * hidden, rotary=rotary, dropout=dropout)
            for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(hidden)

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        valid = valid_steps(lengths, inputs.shape[1])[:, None, None]  # (B, 1, 1, T): as keys, for heads and queries
        steps = self.enter(zero_padding(inputs, lengths))  # (B, T, H)
        if self.places is not None:
            steps = self.places(steps, lengths)
        steps = self.dropout(steps)
        for layer in self.layers:
            steps = layer(steps, valid)
        return zero_padding(self.norm(steps), lengths), lengths


class EncoderLayer(nn.Module):
    """Self-attention, then two linear maps at each step, each added to what it reads: (B, T, H) -> (B, T, H)."""

    def __init__(self, hidden: int, *, heads: int, between: int, rotary: bool, dropout: float) -> None:
        super().__init__()
        self.attend_norm = nn.LayerNorm(hidden)
        self.attend = SelfAttention(hidden, heads=heads, rotary=rotary)
        self.feed_norm = nn.LayerNorm(hidden)
        self.feed = nn.Sequential(nn.Linear(hidden, between), nn.GELU(), nn.Linear(between, hidden))
        self.dropout = nn.Dropout(dropout)

    def forward(self, steps: Tensor, valid: Tensor) -> Tensor:
        steps = steps + self.dropout(self.attend(self.attend_norm(steps), valid))
        fed: Tensor = self.dropout(self.feed(self.feed_norm(steps)))
        return steps + fed


class SelfAttention(nn.Module):
    """softmax(Q K^T / sqrt(E)) V for each head of E features (Vaswani et al., section 3.2).

    Shapes: steps (B, T, H), valid (B, 1, 1, T) bool, the keys that count -> (B, T, H).
    """

    def __init__(self, hidden: int, *, heads: int, rotary: bool) -> None:
        super().__init__()
        self.heads = heads
        self.rotary = rotary
        self.queries_keys_values = nn.Linear(hidden, 3 * hidden)
        self.leave = nn.Linear(hidden, hidden)

    def forward(self, steps: Tensor, valid: Tensor) -> Tensor:
        shape = steps.shape[0], steps.shape[1], self.heads, -1
        queries, keys, values = (
            part.reshape(shape).transpose(1, 2) for part in self.queries_keys_values(steps).chunk(3, 2)
        )  # (B, heads, T, E) each
        if self.rotary:
            queries, keys = rotate(queries), rotate(keys)
        seen = scaled_dot_product_attention(queries, keys, values, attn_mask=valid)
        left: Tensor = self.leave(seen.transpose(1, 2).flatten(2))
        return left
