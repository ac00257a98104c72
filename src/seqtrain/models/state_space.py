"""A diagonal state space for each feature: the kernel of its convolution, and its recurrence."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from seqtrain.errors import WrongInput

Poles = Literal["lin", "inv"]
Discretization = Literal["zoh", "bilinear"]

_AT_ONCE = 2**18  # numbers in one transform: sequences are taken a few at a time, so that theirs stay in the cache


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

    def forward(self, steps: Tensor) -> Tensor:
        if torch.onnx.is_in_onnx_export():
            raise WrongInput(
                "model S4D cannot be exported to ONNX, which has no complex numbers for its Fourier transform: "
                "export format=safetensors, or train model=mingru"
            )
        count = steps.shape[2]
        length = fft_length(2 * count)
        kernel = self._around(self.kernel(count), length)
        spectrum = torch.fft.rfft(kernel) + self.skip[:, None]  # D is a kernel of one step
        some = max(1, _AT_ONCE // (self.features * length))
        parts = [
            torch.fft.irfft(torch.fft.rfft(part, n=length) * spectrum, n=length) for part in torch.split(steps, some)
        ]
        return torch.cat([part[..., :count] for part in parts])

    def kernel(self, count: int) -> Tensor:
        """K of so many steps for each direction, (directions, H, count).

        exp(l log A') is exp(r log A') exp(q s log A') with l = q s + r, so that 2 sqrt(T) powers are enough.
        """
        log_a, b = self._discrete()
        size = math.isqrt(count - 1) + 1  # s
        places = torch.arange(size, device=log_a.device)
        near = (log_a[..., None] * places).exp()  # (H, N/2, s)
        far = (log_a[..., None] * (places * size)).exp()
        read = torch.view_as_complex(self.read_out) * b  # (directions, H, N/2)
        kernel = torch.einsum("dhn,hnq,hnr->dhqr", read, far, near).real
        return 2 * kernel.flatten(2)[..., :count]

    def step(self, steps: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """u (B, H) of one time step and x (B, H, N/2) before it, None at the start -> y (B, H) and x after it.

        Raises WrongInput where it also reads the steps to come.
        """
        if len(self.read_out) > 1:
            raise WrongInput("bidirectional layers also read from the end: train with model.bidirectional=false")
        log_a, b = self._discrete()
        entered = b * steps[..., None]
        state = entered if state is None else log_a.exp() * state + entered
        seen = 2 * (torch.view_as_complex(self.read_out[0]) * state).real.sum(2)
        return seen + self.skip * steps, state

    def _discrete(self) -> tuple[Tensor, Tensor]:
        """log A' and B' (H, N/2), with B = 1."""
        a = torch.complex(-self.log_decay.exp(), self.frequency)
        dt = self.log_dt.exp()[:, None]
        if self.discretization == "zoh":
            return dt * a, torch.expm1(dt * a) / a
        half = dt * a / 2
        return torch.log((1 + half) / (1 - half)), dt / (1 - half)

    def _around(self, kernel: Tensor, length: int) -> Tensor:
        """The kernel around a circle (H, length): backwards it reads from the end, and from the next step on."""
        zeros = kernel.new_zeros(self.features, length - kernel.shape[2])
        if len(kernel) == 1:
            return torch.cat((kernel[0], zeros), 1)
        return torch.cat((kernel[0], zeros), 1) + torch.cat((zeros, kernel[1].flip(1)), 1)


def frequencies(pairs: int, poles: Poles) -> Tensor:
    """Im A (N/2,): pi n (S4D-Lin), or N/pi (N/(2n + 1) - 1) (S4D-Inv)."""
    n = torch.arange(pairs, dtype=torch.get_default_dtype())
    if poles == "lin":
        return math.pi * n
    return 2 * pairs / math.pi * (2 * pairs / (2 * n + 1) - 1)


def fft_length(least: int) -> int:
    """A length that is quick to transform: 8 to 16 times a power of two."""
    power = max(0, (least - 1).bit_length() - 4)
    return -(-least >> power) << power
