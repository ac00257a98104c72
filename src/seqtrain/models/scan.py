"""A recurrence h_t = a_t h_(t-1) + b_t of positive numbers, over all time steps at once."""

import math

import torch
from torch import Tensor
from torch.nn.functional import pad


def scan(log_a: Tensor, log_b: Tensor, start: Tensor) -> Tensor:
    """(B, T, H) log a, log b and the state before the first step (B, H) -> (B, T, H) states h.

    The parallel scan in log space of Feng et al. (2024, appendix B), where h_t is the sum over s of
    exp(A_t - A_s + log b_s), A the running sum of log a. In float32 that difference of running sums has no digits
    left after thousands of steps. So the steps are cut into about sqrt(T) blocks, read side by side from zero; the
    last states of the blocks, read in order, are what enters each, and that decays by A within the block.
    Nothing is subtracted, and no step has more than 2 sqrt(T) additions before it.
    """
    if torch.onnx.is_in_onnx_export():
        return _by_doubling(log_a.exp(), log_b.exp(), start)
    steps = log_a.shape[1]
    size = math.isqrt(steps)
    blocks = -(-steps // size)
    log_a, log_b = (
        pad(each, (0, 0, 0, blocks * size - steps)).unflatten(1, (blocks, size)) for each in (log_a, log_b)
    )  # (B, blocks, size, H)
    within = _in_order(log_a, log_b, dim=2)
    decay = log_a.cumsum(2)
    enters = _in_order(decay[:, :-1, -1], within[:, :-1, -1], dim=1, before=start.log())  # (B, blocks, H)
    states = within.exp() + (decay + enters[:, :, None]).exp()
    return states.flatten(1, 2)[:, :steps]


def _in_order(log_a: Tensor, log_b: Tensor, *, dim: int, before: Tensor | None = None) -> Tensor:
    """log h along a dimension, one step after another; with the state before it, that comes first."""
    pairs = list(zip(log_a.unbind(dim), log_b.unbind(dim), strict=True))
    states = [pairs.pop(0)[1]] if before is None else [before]
    for decay, enters in pairs:
        states.append(torch.logaddexp(decay + states[-1], enters))
    return torch.stack(states, dim)


def _by_doubling(a: Tensor, b: Tensor, start: Tensor) -> Tensor:
    """The same in passes that reach 1, 2, 4, … steps back (Hillis and Steele 1986): a graph for every length."""
    steps = a.shape[1]
    b = b + a * pad(start[:, None], (0, 0, 0, steps - 1))
    for power in range(_MOST_DOUBLINGS):
        b = b + a * _later(b, 1 << power)
        a = a * _later(a, 1 << power)
    return b


_MOST_DOUBLINGS = 20  # a million steps


def _later(steps: Tensor, by: int) -> Tensor:
    """Every step moved back in time, with zeros before the first."""
    return pad(steps, (0, 0, by, 0))[:, : steps.shape[1]]
