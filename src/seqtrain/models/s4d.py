"""S4D: layers of diagonal state spaces, a convolution over whole sequences and a recurrence step by step."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, glu

from seqtrain.batch import zero_padding
from seqtrain.errors import WrongInput
from seqtrain.models.state_space import Discretization, Poles, StateSpace
from seqtrain.ranges import Count, Fraction, Positive

_AT_ONCE = 2**20  # numbers of the sequences that a layer reads at a time on a CPU: all of them leave its cache


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
        self._state_shape = (hidden, state // 2)
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

    def first_state(self, inputs: Tensor) -> Tensor:
        """What sequences (B, T, F) start from: zeros (B, num_layers, H, N/2, 2), complex numbers as pairs."""
        return inputs.new_zeros(inputs.shape[0], len(self.layers), *self._state_shape, 2)

    def read_on(self, inputs: Tensor, lengths: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """`forward` from a state -> outputs (B, T, H) and the state after the last valid step of each sequence.

        Raises WrongInput where the layers also read the steps to come.
        """
        steps, after = self.enter(inputs), []
        for layer, start in zip(self.layers, torch.view_as_complex(state).unbind(1), strict=True):
            steps, new = layer.read_on(steps, lengths, start)  # type: ignore[operator]
            after.append(new)
        return zero_padding(steps, lengths), torch.view_as_real(torch.stack(after, 1))

    def step(self, inputs: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """One time step (B, F) and the state before it, None at the start -> outputs (B, H) and the state after it.

        Raises WrongInput where the layers also read the steps to come.
        """
        start = self.first_state(inputs) if state is None else state
        steps, after = self.enter(inputs), []
        for layer, before in zip(self.layers, torch.view_as_complex(start).unbind(1), strict=True):
            steps, new = layer.step(steps, before)  # type: ignore[operator]
            after.append(new)
        return steps, torch.view_as_real(torch.stack(after, 1))


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
        kernel = self.space.around(steps.shape[1])
        some = len(steps) if steps.is_cuda else max(1, _AT_ONCE // kernel.numel())
        parts = zip(torch.split(steps, some), torch.split(lengths, some), strict=True)
        return torch.cat([self._some(part, its, kernel) for part, its in parts])

    def _some(self, steps: Tensor, lengths: Tensor, kernel: Tensor) -> Tensor:
        entered = zero_padding(self.norm(steps), lengths).transpose(1, 2)  # (B, H, T)
        seen = self.space(entered, kernel).transpose(1, 2).contiguous()  # (B, T, H), which GELU's gradient asks for
        return steps + self._mixed(seen)

    def read_on(self, steps: Tensor, lengths: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        entered = zero_padding(self.norm(steps), lengths).transpose(1, 2)  # (B, H, T)
        seen, state = self.space.read_on(entered, lengths, state)
        return steps + self._mixed(seen.transpose(1, 2)), state

    def step(self, steps: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        seen, state = self.space.step(self.norm(steps), state)
        return steps + self._mixed(seen), state

    def _mixed(self, seen: Tensor) -> Tensor:
        mixed: Tensor = self.dropout(glu(self.mix(gelu(seen)), -1))
        return mixed
