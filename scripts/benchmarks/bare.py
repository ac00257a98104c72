"""The bare loop: torch alone, tensors gathered by index, no logging, as fast as a good engineer writes it."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd
from torch.optim.lr_scheduler import OneCycleLR

from benchmarks.case import Case
from benchmarks.side import CHUNK, Side, mean_of
from seqtrain.randomness import mix
from seqtrain.updates import DROPOUT


def bare(case: Case, side: Side, _: Path) -> None:
    """Train and test."""
    try:
        side.training.take(side.name)
        model = case.model()
        _train(case, model, side)
    finally:
        side.training.leave(side.name)
    try:
        side.testing.take(side.name)
        _test(case, model, side)
    finally:
        side.testing.leave(side.name)


def _train(case: Case, model: nn.Module, side: Side) -> None:
    inputs, targets = case.tensors(case.data.train)
    orders = [case.order(epoch) for epoch in range(case.epochs)]
    seed, settings = case.config.seed, case.config.optimizer
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.lr, betas=tuple(settings.betas), foreach=True)
    total = case.epochs * len(orders[0])
    schedule = OneCycleLR(optimizer, max_lr=settings.lr, total_steps=total, cycle_momentum=False)
    masks = any(isinstance(each, _DropoutNd) and each.p > 0 for each in model.modules())
    model.train()
    losses: list[Tensor] = []
    for order in orders:
        side.training.begin()
        for step, indices in enumerate(order, start=1):
            if masks:  # drawn as seqtrain draws them
                torch.default_generator.manual_seed(mix(seed, DROPOUT, len(losses), 0))
            loss = case.loss(model(inputs[indices]), targets[indices])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            losses.append(loss.detach())
            if step % CHUNK == 0 or step == len(order):
                side.training.pass_on(side.name)
    side.losses = torch.stack(losses).tolist()
    side.last_loss = mean_of(side.losses[-len(orders[-1]) :], [len(batch) for batch in orders[-1]])


@torch.no_grad()
def _test(case: Case, model: nn.Module, side: Side) -> None:
    assert case.data.test is not None
    inputs, targets = case.tensors(case.data.test)
    model.eval()
    size = case.data.loading.batch_size
    side.testing.begin()
    found = []
    for some in inputs.split(size * CHUNK):
        outputs = torch.cat([model(batch) for batch in some.split(size)])
        found.append(_metrics(case, outputs, targets[len(found) * size * CHUNK :][: len(outputs)]))
        side.testing.pass_on(side.name)


def _metrics(case: Case, outputs: Tensor, targets: Tensor) -> list[Tensor]:
    """Loss and metrics, as they are printed after an epoch."""
    loss = case.loss(outputs, targets)
    if targets.is_floating_point():
        return [loss, (outputs - targets).abs().mean(), targets.var()]
    return [loss, (outputs.argmax(1) == targets).sum()]
