"""Convolutions with kernels as long as the sequences, by the Fourier transform, with their gradients written out.

What torch makes of the transforms' gradients takes half as long again: it goes back through complex ones.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_AT_ONCE = 2**18  # numbers in one transform: sequences are taken a few at a time, so that theirs stay in the cache


def convolve(steps: Tensor, kernel: Tensor) -> Tensor:
    """Steps (B, H, T) convolved around a circle with kernels (H, L), L at least T -> the first T steps (B, H, T)."""
    exact = steps.to(kernel.dtype)  # half-precision numbers have no transform
    convolved: Tensor = _Convolve.apply(exact, kernel)  # type: ignore[no-untyped-call]
    return convolved


def fft_length(least: int) -> int:
    """A length that is quick to transform: 8 to 16 times a power of two."""
    power = max(0, (least - 1).bit_length() - 4)
    return -(-least >> power) << power


class _Convolve(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, steps: Tensor, kernel: Tensor) -> Tensor:
        ctx.length = kernel.shape[1]
        ctx.some = len(steps) if steps.is_cuda else max(1, _AT_ONCE // kernel.numel())
        spectrum = torch.fft.rfft(kernel)
        spectra, outputs = [], steps.new_empty(steps.shape)
        for part, out in zip(torch.split(steps, ctx.some), torch.split(outputs, ctx.some), strict=True):
            spectra.append(torch.fft.rfft(part, n=ctx.length))
            out.copy_(torch.fft.irfft(spectra[-1] * spectrum, n=ctx.length)[..., : steps.shape[2]])
        ctx.save_for_backward(spectrum, *spectra)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Correlations: of what came with the kernel, and with the steps, summed over the sequences."""
        spectrum, *spectra = ctx.saved_tensors
        turned = spectrum.conj().resolve_conj()
        of_steps, of_kernel = gradient.new_empty(gradient.shape), torch.zeros_like(spectrum)
        for part, out, steps in zip(
            *(torch.split(each, ctx.some) for each in (gradient, of_steps)), spectra, strict=True
        ):
            came = torch.fft.rfft(part, n=ctx.length)
            out.copy_(torch.fft.irfft(came * turned, n=ctx.length)[..., : gradient.shape[2]])
            of_kernel += (came * steps.conj()).sum(0)
        return of_steps, torch.fft.irfft(of_kernel, n=ctx.length)
