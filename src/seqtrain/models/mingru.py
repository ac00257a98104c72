"""minGRU: a GRU whose gates do not see the state, so that all time steps are computed at once."""

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import logsigmoid, relu, softplus

from seqtrain.batch import zero_padding
from seqtrain.kernels.library import check_kernel, computes, loops
from seqtrain.kernels.mingru import MinGru, mingru
from seqtrain.models.scan import scan, scan_back
from seqtrain.ranges import Count, Fraction

_AT_ONCE = 2**18  # numbers of a tensor in `states`: a few sequences at a time, so that theirs stay in the cache


class MinGRU(nn.Module):
    """Layers of minGRU (Feng et al. 2024, "Were RNNs all we needed?", section 3.1).

    z_t = sigmoid(W_z x_t), v_t = g(W_h x_t), h_t = (1 - z_t) h_(t-1) + z_t v_t, where g(x) = x + 0.5 for x >= 0 and
    sigmoid(x) below, so that every state is positive and the scan can run in log space.

    Shapes: inputs (B, T, F), lengths (B,) -> outputs (B, T, H), the same lengths.

    Args:
        hidden: features of the state of a layer.
        num_layers: layers, each reading the outputs of the one below.
        dropout: probability of zeroing a value between layers, in training; without effect on one layer.
        kernel: what computes the states on a CPU: torch, by a scan; fused, a compiled loop that was built when
            seqtrain was installed; or auto, the loop where it is there. They agree to the last digits.

    Raises:
        WrongInput: `kernel` is fused, and there are no compiled loops.
    """

    read: Literal["mean", "max", "last", "flatten"] = "mean"

    def __init__(
        self,
        in_features: int,
        *,
        hidden: Count = 64,
        num_layers: Count = 1,
        dropout: Fraction = 0.0,
        kernel: Literal["auto", "torch", "fused"] = "auto",
    ) -> None:
        super().__init__()
        check_kernel(kernel)
        self._kernel = kernel
        self.out_features = hidden
        widths = [in_features, *[hidden] * (num_layers - 1)]
        self.layers = nn.ModuleList(nn.Linear(width, 2 * hidden) for width in widths)  # W_z and W_h
        self.dropout = nn.Dropout(dropout)

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        outputs, _ = self.read_on(inputs, lengths, self.first_state(inputs))
        return outputs, lengths

    def first_state(self, inputs: Tensor) -> Tensor:
        """What sequences (B, T, F) start from: zeros (B, num_layers, H)."""
        return inputs.new_zeros(inputs.shape[0], len(self.layers), self.out_features)

    def read_on(self, inputs: Tensor, lengths: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """`forward` from a state -> outputs (B, T, H) and the state after the last valid step of each sequence."""
        steps, after = inputs, []
        last = (lengths - 1)[:, None, None].expand(-1, 1, self.out_features)
        for layer, gates in enumerate(self.layers):
            gated = gates(self.dropout(steps) if layer else steps)  # (B, T, 2H)
            steps = self._read(gated.to(state.dtype), lengths, state[:, layer])  # (B, T, H)
            after.append(steps.gather(1, last))
        return zero_padding(steps, lengths), torch.cat(after, 1)

    def _read(self, gated: Tensor, lengths: Tensor, start: Tensor) -> Tensor:
        compiled = loops() if self._kernel != "torch" and computes(gated) else None
        if compiled is None:
            return all_states(gated, start)
        arguments = compiled, gated.contiguous(), lengths.long().contiguous(), start.contiguous()
        if torch.is_grad_enabled():
            return MinGru.apply(*arguments)  # type: ignore[no-untyped-call, no-any-return]
        return mingru(*arguments)

    def step(self, inputs: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """One time step (B, F) and the state before it, None at the start -> outputs (B, H) and the state after it."""
        state = self.first_state(inputs) if state is None else state
        after = []
        for layer, gates in enumerate(self.layers):
            update, value = gates(self.dropout(inputs) if layer else inputs).chunk(2, 1)  # (B, H) each
            inputs = torch.lerp(state[:, layer], log_g(value).exp(), update.sigmoid())
            after.append(inputs)
        return inputs, torch.stack(after, 1)


def all_states(gated: Tensor, start: Tensor) -> Tensor:
    """W_z x and W_h x side by side (B, T, 2H) and the state before (B, H) -> h (B, T, H)."""
    if torch.onnx.is_in_onnx_export() or not torch.is_grad_enabled():
        return _states(gated, start)
    some = max(1, _AT_ONCE // start[0].numel() // gated.shape[1])
    parts = zip(torch.split(gated, some), torch.split(start, some), strict=True)
    return torch.cat([_AllStates.apply(*part) for part in parts])  # type: ignore[no-untyped-call]


def _states(gated: Tensor, start: Tensor) -> Tensor:
    update, value = gated.chunk(2, 2)
    either = softplus(-update.abs())  # log sigmoid(x) = min(x, 0) - softplus(-|x|)
    return scan(-relu(update) - either, -relu(-update) - either + log_g(value), start)


class _AllStates(torch.autograd.Function):
    """Its gradients are written out, which keeps three tensors for them instead of thirty."""

    @staticmethod
    def forward(context: Any, gated: Tensor, start: Tensor) -> Tensor:
        states = _states(gated, start)
        context.save_for_backward(gated, start, states)
        return states

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradients: Tensor) -> tuple[Tensor, Tensor]:
        gated, start, states = context.saved_tensors
        update, value = gated.sigmoid().chunk(2, 2)
        above = relu(gated.chunk(2, 2)[1])
        reached = scan_back(1 - update, gradients)
        before = torch.cat((start[:, None], states[:, :-1]), 1)
        through = reached * update
        candidates = value.clamp(max=0.5) + above  # g(x)
        to_update = through * (1 - update) * (candidates - before)
        to_value = through * (value * (1 - value)).masked_fill(above > 0, 1)
        return torch.cat((to_update, to_value), 2), reached[:, 0] * (1 - update[:, 0])


def log_g(values: Tensor) -> Tensor:
    """log g(x), as the sum of what either side of zero adds."""
    return logsigmoid(values.clamp(max=0)) + torch.log1p(2 * relu(values))
