"""One batch forward and backward, as in training: its loss, its gradients, and whether all of it is finite."""

import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqtrain.batch import Batch, valid_steps
from seqtrain.criteria import Criterion
from seqtrain.network import Network


@dataclass(frozen=True)
class Pass:
    """What came of one batch."""

    loss: float
    gradient_norm: float  # of all gradients together
    outputs: tuple[float, float]  # smallest and largest at a valid step
    forward_seconds: float
    backward_seconds: float
    not_finite: tuple[str, ...]  # what holds NaN or infinity, in the order in which it came about
    without_gradient: tuple[str, ...]  # trainable parameters that the loss does not depend on


def one_batch(network: Network, criterion: Criterion, batch: Batch, *, seed: int) -> Pass:
    """Run a batch in training mode, dropout and batch norm included, and leave the network as it was.

    Args:
        seed: what dropout draws from.
    """
    named = {name: p for name, p in network.named_parameters() if p.requires_grad}
    buffers = [(buffer, buffer.clone()) for buffer in network.buffers()]
    training = {module: module.training for module in network.modules()}
    network.train()
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.default_generator.manual_seed(seed)
        started = time.perf_counter()
        outputs = network(batch.inputs, batch.lengths)
        loss = criterion(outputs, batch) / criterion.weight(batch)
        between = time.perf_counter()
        gradients = _gradients(loss, list(named.values()))
        ended = time.perf_counter()
    for module, was in training.items():
        module.training = was
    for buffer, before in buffers:
        buffer.copy_(before)
    found = {name: gradient for name, gradient in zip(named, gradients, strict=True) if gradient is not None}
    outputs = outputs.detach()
    return Pass(
        loss=float(loss.detach()),
        gradient_norm=float(nn.utils.get_total_norm(found.values())),
        outputs=_range(outputs, batch),
        forward_seconds=between - started,
        backward_seconds=ended - between,
        not_finite=_not_finite(batch, outputs, loss, found),
        without_gradient=tuple(name for name in named if name not in found),
    )


def _gradients(loss: Tensor, parameters: list[nn.Parameter]) -> tuple[Tensor | None, ...]:
    if not loss.requires_grad:
        return (None,) * len(parameters)
    return torch.autograd.grad(loss, parameters, allow_unused=True)


def _range(outputs: Tensor, batch: Batch) -> tuple[float, float]:
    if batch.scored is not None:
        outputs = outputs[valid_steps(batch.lengths, outputs.shape[1])]
    return float(outputs.min()), float(outputs.max())


def _not_finite(batch: Batch, outputs: Tensor, loss: Tensor, gradients: dict[str, Tensor]) -> tuple[str, ...]:
    found = []
    for what, values in {"inputs": batch.inputs, "targets": batch.targets, "outputs": outputs}.items():
        bad = (~values.isfinite()).reshape(len(values), -1).any(1)
        if bad.any():
            indices = batch.indices[bad].tolist()
            more = f" and {len(indices) - 8} more" if len(indices) > 8 else ""
            found.append(f"{what} of training sequences {', '.join(map(str, indices[:8]))}{more}")
    if not loss.isfinite():
        found.append("the loss")
    found += [f"the gradient of {name}" for name, gradient in gradients.items() if not gradient.isfinite().all()]
    return tuple(found)
