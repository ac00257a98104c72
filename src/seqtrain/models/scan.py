"""A recurrence h_t = a_t h_(t-1) + b_t, over all time steps at once."""

import math

import torch
from torch import Tensor
from torch.nn.functional import pad

_MOST_DOUBLINGS = 20  # a million steps


def scan(log_a: Tensor, log_b: Tensor, start: Tensor) -> Tensor:
    """(B, T, H) log a, log b and the state before the first step (B, H) -> (B, T, H) states h, all positive.

    The parallel scan in log space of Feng et al. (2024, appendix B), where h_t is the sum over s of
    exp(A_t - A_s + log b_s), A the running sum of log a. In float32 that difference of running sums has no digits
    left after thousands of steps. So the steps are cut into about sqrt(T) blocks, read side by side from zero; the
    last states of the blocks, read in order, are what enters each, and that decays by A within the block.
    Nothing is subtracted, and no step has more than 2 sqrt(T) additions before it.
    """
    if torch.onnx.is_in_onnx_export():
        return _by_doubling(log_a.exp(), log_b.exp(), start)
    log_a, log_b, steps = *_in_blocks(log_a, log_b), log_a.shape[1]
    within = [log_b[:, :, 0]]  # (B, blocks, H) each
    for decay, enters in zip(log_a.unbind(2)[1:], log_b.unbind(2)[1:], strict=True):
        within.append(torch.logaddexp(decay + within[-1], enters))
    decays = log_a.cumsum(2)  # (B, blocks, size, H)
    before = [start.log()]  # (B, H) each
    for decay, leaves in zip(decays[:, :-1, -1].unbind(1), within[-1][:, :-1].unbind(1), strict=True):
        before.append(torch.logaddexp(decay + before[-1], leaves))
    states = torch.stack(within, 2).exp() + (decays + torch.stack(before, 1)[:, :, None]).exp()
    return states.flatten(1, 2)[:, :steps]


def scan_back(a: Tensor, gradients: Tensor) -> Tensor:
    """(B, T, H) a and the gradient of each state -> with what reaches it from later ones, g_t + a_(t+1) G_(t+1).

    Gradients have either sign, so they are not scanned in log space; a product of numbers below 1 needs no logarithm.
    """
    a, gradients, steps = *_in_blocks(pad(a[:, 1:], (0, 0, 0, 1)), gradients), a.shape[1]
    within, products = [gradients[:, :, -1]], [a[:, :, -1]]  # from the end of each block
    for decay, enters in zip(a.unbind(2)[-2::-1], gradients.unbind(2)[-2::-1], strict=True):
        within.append(torch.addcmul(enters, decay, within[-1]))
        products.append(decay * products[-1])
    decays = torch.stack(products[::-1], 2)  # (B, blocks, size, H)
    after = [torch.zeros_like(within[-1][:, 0])]
    for decay, leaves in zip(decays[:, 1:, 0].unbind(1)[::-1], within[-1][:, 1:].unbind(1)[::-1], strict=True):
        after.append(torch.addcmul(leaves, decay, after[-1]))
    whole = torch.addcmul(torch.stack(within[::-1], 2), decays, torch.stack(after[::-1], 1)[:, :, None])
    return whole.flatten(1, 2)[:, :steps]


def _in_blocks(*tensors: Tensor) -> list[Tensor]:
    """(B, T, H) -> (B, blocks, size, H) with zeros after the last step."""
    batch, steps, hidden = tensors[0].shape
    size = math.isqrt(steps)
    blocks = -(-steps // size)
    return [pad(each, (0, 0, 0, blocks * size - steps)).view(batch, blocks, size, hidden) for each in tensors]


def _by_doubling(a: Tensor, b: Tensor, start: Tensor) -> Tensor:
    """The same in passes that reach 1, 2, 4, … steps back (Hillis and Steele 1986): a graph for every length."""
    b = b + a * pad(start[:, None], (0, 0, 0, a.shape[1] - 1))
    for power in range(_MOST_DOUBLINGS):
        b = b + a * _later(b, 1 << power)
        a = a * _later(a, 1 << power)
    return b


def _later(steps: Tensor, by: int) -> Tensor:
    """Every step moved back in time, with zeros before the first."""
    return pad(steps, (0, 0, by, 0))[:, : steps.shape[1]]
