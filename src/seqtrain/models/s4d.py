"""S4D: layers of diagonal state spaces, a convolution over whole sequences and a recurrence step by step."""

from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import gelu, glu

from seqtrain.batch import zero_padding
from seqtrain.errors import WrongInput
from seqtrain.models.state_space import Discretization, Poles, StateSpace
from seqtrain.ranges import Count, Fraction, Positive


class S4D(nn.Module):
    """S4D (Gu, Gupta, Goel and Ré 2022, "On the parameterization and initialization of diagonal state space models").

    A linear map to H features, then layers x + GLU(W GELU(SSM(LayerNorm(x)))), each feature with a state space of its
    own, as in the paper's experiments with the norm first.

    Shapes: inputs (B, T, F), lengths (B,) -> outputs (B, T, H), the same lengths.

    Args:
        hidden: features of each layer, H.
        num_layers: layers.
        state: numbers in a feature's state, N; an even number, since they are N/2 conjugate pairs.
        poles: first values of the diagonal A: lin (S4D-Lin, -1/2 + i pi n) or inv (S4D-Inv).
        discretization: zoh (zero-order hold) or bilinear.
        dt_min: shortest first time step of a feature; a feature of time step dt sees about 2/dt steps.
        dt_max: longest first time step of a feature.
        bidirectional: whether each layer also reads the steps to come.
        dropout: probability of zeroing a value after each layer, in training.

    Raises:
        WrongInput: `state` is odd, or `dt_min` above `dt_max`.
    """

    read: Literal["mean", "max", "last", "flatten"] = "mean"

    def __init__(
        self,
        in_features: int,
        *,
        hidden: Count = 64,
        num_layers: Count = 1,
        state: Count = 64,
        poles: Poles = "lin",
        discretization: Discretization = "zoh",
        dt_min: Positive = 0.001,
        dt_max: Positive = 0.1,
        bidirectional: bool = False,
        dropout: Fraction = 0.0,
    ) -> None:
        super().__init__()
        if state % 2:
            raise WrongInput(f"state is {state} but holds conjugate pairs: set model.state={state + 1}")
        if dt_min > dt_max:
            raise WrongInput(f"dt_min is {dt_min} but dt_max is {dt_max}: set model.dt_min to at most that")
        self.out_features = hidden
        self.enter = nn.Linear(in_features, hidden)
        self.layers = nn.ModuleList(
            S4DLayer(
                StateSpace(
                    hidden,
                    pairs=state // 2,
                    poles=poles,
                    discretization=discretization,
                    dt=(dt_min, dt_max),
                    bidirectional=bidirectional,
                ),
                dropout=dropout,
            )
            for _ in range(num_layers)
        )

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        steps = self.enter(inputs)  # (B, T, H)
        for layer in self.layers:
            steps = layer(steps, lengths)
        return zero_padding(steps, lengths), lengths

    def step(self, inputs: Tensor, state: list[Tensor] | None = None) -> tuple[Tensor, list[Tensor]]:
        """One time step (B, F) and the state before it, None at the start -> outputs (B, H) and the state after it.

        Raises WrongInput where the layers also read the steps to come.
        """
        steps, after = self.enter(inputs), []
        for number, layer in enumerate(self.layers):
            steps, new = layer.step(steps, None if state is None else state[number])  # type: ignore[operator]
            after.append(new)
        return steps, after


class S4DLayer(nn.Module):
    """One state space with its norm, activation, mixing of features, and shortcut: (B, T, H) -> (B, T, H)."""

    def __init__(self, space: StateSpace, *, dropout: float) -> None:
        super().__init__()
        hidden = space.features
        self.norm = nn.LayerNorm(hidden)
        self.space = space
        self.mix = nn.Linear(hidden, 2 * hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        entered = zero_padding(self.norm(steps), lengths).transpose(1, 2)  # (B, H, T)
        seen = self.space(entered).transpose(1, 2).contiguous()  # (B, T, H), which GELU's gradient asks for
        return steps + self._mixed(seen)

    def step(self, steps: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        seen, state = self.space.step(self.norm(steps), state)
        return steps + self._mixed(seen), state

    def _mixed(self, seen: Tensor) -> Tensor:
        mixed: Tensor = self.dropout(glu(self.mix(gelu(seen)), -1))
        return mixed
