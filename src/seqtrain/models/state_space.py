"""A diagonal state space for each feature: the kernel of its convolution, and its recurrence."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from seqtrain.errors import WrongInput
from seqtrain.models.long_convolution import convolve, fft_length

Poles = Literal["lin", "inv"]
Discretization = Literal["zoh", "bilinear"]


class StateSpace(nn.Module):
    """x' = A x + B u, y = 2 Re(C x) + D u, with A complex and diagonal, and B = 1 (Gu et al. 2022, section 3).

    The factor 2 stands for the conjugate halves of A, B and C. A is -exp(log_decay) + i frequency, so that no state
    can grow. Over whole sequences y is u convolved with K_l = 2 Re(C exp(l log A') B'), by the Fourier transform;
    A' and B' are A and B discretised with the feature's time step. Read backwards too, y adds the steps to come,
    convolved with a kernel with a C of its own.

    Shapes: u (B, H, T) with zeros for padding -> y (B, H, T), with anything there.

    Args:
        features: H.
        pairs: states of a feature, each with its conjugate; N/2.
        poles, discretization: as those of S4D.
        dt: the range in which the time steps start, evenly over their logarithms.
    """

    def __init__(
        self,
        features: int,
        *,
        pairs: int,
        poles: Poles,
        discretization: Discretization,
        dt: tuple[float, float],
        bidirectional: bool,
    ) -> None:
        super().__init__()
        low, high = map(math.log, dt)
        self.features = features
        self.discretization = discretization
        self.log_dt = nn.Parameter(low + (high - low) * torch.rand(features))
        self.log_decay = nn.Parameter(torch.full((features, pairs), math.log(0.5)))
        self.frequency = nn.Parameter(frequencies(pairs, poles).repeat(features, 1))
        directions = 2 if bidirectional else 1
        self.read_out = nn.Parameter(torch.randn(directions, features, pairs, 2) / math.sqrt(2))  # C
        self.skip = nn.Parameter(torch.randn(features))  # D

    def forward(self, steps: Tensor, kernel: Tensor | None = None) -> Tensor:
        return convolve(steps, self.around(steps.shape[2]) if kernel is None else kernel)

    def around(self, count: int) -> Tensor:
        """The kernel for so many steps, with zeros to twice as many, around a circle (H, length).

        Backwards it reads from the end, and from the next step on; D is a kernel of one step.
        """
        if torch.onnx.is_in_onnx_export():
            raise WrongInput(
                "model S4D cannot be exported to ONNX, which has no complex numbers for its Fourier transform: "
                "export format=safetensors, or train model=mingru"
            )
        kernel = self.kernel(count)
        zeros = kernel.new_zeros(self.features, fft_length(2 * count) - count)
        around = torch.cat((kernel[0, :, :1] + self.skip[:, None], kernel[0, :, 1:], zeros), 1)
        return around if len(kernel) == 1 else around + torch.cat((zeros, kernel[1].flip(1)), 1)

    def read_on(self, steps: Tensor, lengths: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """`forward` from x (B, H, N/2) -> y (B, H, T), and x after the last valid step of each sequence.

        Raises WrongInput where it also reads the steps to come.
        """
        self._check_reads_forward()
        log_a, b = self._discrete()
        count = steps.shape[2]
        powers = _exp(log_a[..., None] * torch.arange(count + 1, device=log_a.device))  # (H, N/2, T + 1)
        read = torch.view_as_complex(self.read_out[0])
        decayed = 2 * torch.einsum("hn,bhn,hnt->bht", read, state, powers[..., 1:]).real
        back = lengths[:, None] - 1 - torch.arange(count, device=lengths.device)  # (B, T): each from its last step
        latest = steps.gather(2, back.clamp(min=0)[:, None].expand_as(steps)).masked_fill(back[:, None] < 0, 0)
        entered = torch.einsum("bht,hn,hnt->bhn", latest.to(b.dtype), b, powers[..., :-1])
        left = powers[..., lengths].permute(2, 0, 1) * state  # (B, H, N/2)
        return self(steps) + decayed, left + entered

    def kernel(self, count: int) -> Tensor:
        """K of so many steps for each direction, (directions, H, count).

        exp(l log A') is exp(r log A') exp(q s log A') with l = q s + r, so that 2 sqrt(T) powers are enough.
        """
        log_a, b = self._discrete()
        size = math.isqrt(count - 1) + 1  # s
        places = torch.arange(size, device=log_a.device)
        near = _exp(log_a[..., None] * places)  # (H, N/2, s)
        far = _exp(log_a[..., None] * (places * size))
        read = torch.view_as_complex(self.read_out) * b  # (directions, H, N/2)
        kernel = torch.einsum("dhn,hnq,hnr->dhqr", read, far, near).real
        return 2 * kernel.flatten(2)[..., :count]

    def step(self, steps: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """u (B, H) of one time step and x (B, H, N/2) before it -> y (B, H) and x after it.

        Raises WrongInput where it also reads the steps to come.
        """
        self._check_reads_forward()
        log_a, b = self._discrete()
        state = _exp(log_a) * state + b * steps[..., None]
        seen = 2 * (torch.view_as_complex(self.read_out[0]) * state).real.sum(2)
        return seen + self.skip * steps, state

    def _check_reads_forward(self) -> None:
        if len(self.read_out) > 1:
            raise WrongInput("bidirectional layers also read from the end: train with model.bidirectional=false")

    def _discrete(self) -> tuple[Tensor, Tensor]:
        """log A' and B' (H, N/2), with B = 1."""
        a = torch.complex(-self.log_decay.exp(), self.frequency)
        dt = self.log_dt.exp()[:, None]
        if self.discretization == "zoh":
            return dt * a, torch.expm1(dt * a) / a
        half = dt * a / 2
        return torch.log((1 + half) / (1 - half)), dt / (1 - half)


def _exp(exponents: Tensor) -> Tensor:
    """exp of complex numbers, in a fifth of the time that torch's takes."""
    return torch.polar(exponents.real.exp(), exponents.imag)


def frequencies(pairs: int, poles: Poles) -> Tensor:
    """Im A (N/2,): pi n (S4D-Lin), or N/pi (N/(2n + 1) - 1) (S4D-Inv)."""
    n = torch.arange(pairs, dtype=torch.get_default_dtype())
    if poles == "lin":
        return math.pi * n
    return 2 * pairs / math.pi * (2 * pairs / (2 * n + 1) - 1)
