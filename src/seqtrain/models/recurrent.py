"""Recurrent layers read over sequences of any lengths: RNN, LSTM and GRU."""

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from seqtrain.batch import zero_padding
from seqtrain.errors import WrongInput
from seqtrain.kernels.library import Loops, check_kernel, loops
from seqtrain.models.both_ways import State, lay_out, read_both_ways, read_layers
from seqtrain.models.fused import faster, read_fused, takes
from seqtrain.models.read_on import from_torch, read_on, to_torch
from seqtrain.ranges import Count, Fraction
from seqtrain.sequences import last_step


class Recurrent(nn.Module):
    """Layers of a simple RNN (Elman 1990), an LSTM (Hochreiter and Schmidhuber 1997) or a GRU.

    The GRU is that of Cho et al. (2014) with the reset gate after the product with the hidden state, as
    in cuDNN; two directions are those of Graves and Schmidhuber (2005), each starting at its own end of
    the valid steps.

    Shapes: inputs (B, T, F), lengths (B,) -> outputs (B, T, H) or, with two directions, (B, T, 2H), the
    same lengths; zero in padding. `forward` also takes the state to start from, in the layout of
    `torch.nn`, where sequences are read in pieces.

    Args:
        cell: rnn_tanh, rnn_relu, lstm or gru.
        hidden: features of the hidden state of a layer and direction.
        num_layers: layers, each reading the outputs of the one below.
        bias: whether the gates add biases.
        bidirectional: whether each layer also reads the sequence backwards.
        dropout: probability of zeroing a value between layers, in training; without effect on one layer.
        weights: the first weights: orthogonal between states (Saxe et al. 2014), Xavier (Glorot and Bengio 2010)
            from inputs, biases zero; or uniform as torch's.
        initial_state: zero, learned (a parameter of each layer), or random (standard normal in training,
            zero in evaluation).
        kernel: what computes the layers on a CPU: torch; fused, compiled loops that were built when seqtrain was
            installed; or auto, whichever is faster. They agree to the last digits.

    Raises:
        WrongInput: `kernel` is fused, and there are no compiled loops.
    """

    read: Literal["mean", "max", "last", "flatten"] = "mean"

    def __init__(
        self,
        in_features: int,
        *,
        cell: Literal["rnn_tanh", "rnn_relu", "lstm", "gru"],
        hidden: Count = 64,
        num_layers: Count = 1,
        bias: bool = True,
        bidirectional: bool = False,
        dropout: Fraction = 0.0,
        weights: Literal["orthogonal", "uniform"] = "orthogonal",
        initial_state: Literal["zero", "learned", "random"] = "zero",
        kernel: Literal["auto", "torch", "fused"] = "auto",
    ) -> None:
        super().__init__()
        check_kernel(kernel)
        self._kernel = kernel
        directions = 2 if bidirectional else 1
        self.out_features = hidden * directions
        self.bidirectional = bidirectional
        self.initial_state = initial_state
        self._state_shape = (2 if cell == "lstm" else 1, num_layers * directions, 1, hidden)
        settings: dict[str, Any] = {
            "num_layers": num_layers,
            "bias": bias,
            "batch_first": True,
            "dropout": dropout if num_layers > 1 else 0.0,
            "bidirectional": bidirectional,
        }
        self.layers: nn.RNNBase
        if cell == "lstm":
            self.layers = nn.LSTM(in_features, hidden, **settings)
        elif cell == "gru":
            self.layers = nn.GRU(in_features, hidden, **settings)
        else:
            self.layers = nn.RNN(in_features, hidden, nonlinearity=cell.removeprefix("rnn_"), **settings)
        if weights == "orthogonal":
            _make_orthogonal(self.layers)
        if initial_state == "learned":
            self.start = nn.Parameter(torch.zeros(self._state_shape))

    def forward(self, inputs: Tensor, lengths: Tensor, state: State | None = None) -> tuple[Tensor, Tensor]:
        if _autocast_on_cpu(inputs):
            with torch.autocast("cpu", enabled=False):
                return self.forward(self._whole(inputs), lengths, state)
        state = self._first_state(inputs) if state is None else state
        fused = self._fused(inputs)
        if fused is not None:
            return read_fused(fused, self.layers, inputs, lengths, state)[-1][0], lengths
        if self.bidirectional:
            outputs = read_both_ways(self.layers, inputs, lengths, state)
        elif inputs.is_cuda and self.layers.dropout > 0:
            outputs = read_layers(self.layers, inputs, lengths, state)
        else:
            outputs, _ = self.layers(inputs, state)  # (B, T, H): padding comes last, so no valid step sees it
        return zero_padding(outputs, lengths), lengths

    def first_state(self, inputs: Tensor) -> Tensor:
        """What sequences (B, T, F) start from, as `read_on` takes it: (B, 1, num_layers, H), of an LSTM (B, 2, …)."""
        start = self._first_state(inputs)
        if start is None:
            states, layers, _, hidden = self._state_shape
            return inputs.new_zeros(inputs.shape[0], states, layers, hidden)
        return from_torch(start)

    def read_on(self, inputs: Tensor, lengths: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """`forward` from a state -> outputs (B, T, H) and the state after the last valid step of each sequence.

        Raises WrongInput where the layers also read backwards.
        """
        self._check_reads_forward()
        if _autocast_on_cpu(inputs):
            with torch.autocast("cpu", enabled=False):
                return self.read_on(self._whole(inputs), lengths, state)
        start, fused = to_torch(state), self._fused(inputs)
        if fused is None:
            return read_on(self.layers, inputs, lengths, start)
        found = read_fused(fused, self.layers, inputs, lengths, start)
        after = [torch.cat([last_step(layer, lengths) for layer in part], 1) for part in zip(*found, strict=True)]
        return found[-1][0], torch.stack(after, 1)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Recurrent":
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        if self.bidirectional or self.layers.dropout > 0:
            lay_out(self.layers)
        return self

    def step(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """One time step (B, F) and the state before it, None at the start -> outputs (B, H) and the state after it.

        Raises WrongInput where the layers also read backwards.
        """
        self._check_reads_forward()
        state = self._first_state(inputs) if state is None else state
        outputs, state = self.layers(inputs[:, None], state)  # (B, 1, H)
        return outputs[:, 0], state

    def _check_reads_forward(self) -> None:
        if self.bidirectional:
            raise WrongInput("bidirectional layers also read from the end: train with model.bidirectional=false")

    def _whole(self, inputs: Tensor) -> Tensor:
        return inputs.to(next(self.layers.parameters()).dtype)

    def _fused(self, inputs: Tensor) -> Loops | None:
        """The compiled loops where they are to read these inputs."""
        layers = self.layers
        if self._kernel == "torch" or not takes(layers, inputs):
            return None
        return loops() if self._kernel == "fused" or faster(layers, inputs) else None

    def _first_state(self, inputs: Tensor) -> State | None:
        """None stands for zeros."""
        states, layers, _, hidden = self._state_shape
        shape = (states, layers, inputs.shape[0], hidden)
        if self.initial_state == "learned":
            start = self.start.expand(shape).contiguous()
        elif self.initial_state == "random" and self.training:
            start = torch.randn(shape, dtype=inputs.dtype, device=inputs.device)
        else:
            return None
        return (start[0], start[1]) if states == 2 else start[0]


def _autocast_on_cpu(inputs: Tensor) -> bool:
    """Whether a CPU is asked for mixed precision: torch's LSTM fails on those that have no instructions for bf16."""
    return inputs.device.type == "cpu" and torch.is_autocast_enabled("cpu")


def _make_orthogonal(layers: nn.RNNBase) -> None:
    """Each gate has a matrix of its own, of `hidden` rows."""
    for name, parameter in layers.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
            continue
        fill = nn.init.orthogonal_ if name.startswith("weight_hh") else nn.init.xavier_uniform_
        for gate in torch.split(parameter.detach(), layers.hidden_size):
            fill(gate)
