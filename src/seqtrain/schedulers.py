"""How the learning rate changes while a model trains; `optimizer.lr` is the highest of every schedule.

Importing this module does not import torch, so that a wrong setting is told at once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Protocol

from annotated_types import Ge, Gt, Lt

from seqtrain.ranges import Count, Fraction, NonNegative, Size

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

Interval = Literal["step", "epoch"]
OpenFraction = Annotated[float, Gt(0), Lt(1)]


class Scheduler(Protocol):
    """Makes a schedule of an optimizer and the total of its steps, or None where the rate stays."""

    interval: ClassVar[Interval]  # moved after each optimizer step, or after each epoch with the monitored value

    def __call__(self, optimizer: Optimizer, total_steps: int) -> LRScheduler | None: ...


class Constant:
    """The learning rate stays as it is."""

    interval: ClassVar[Interval] = "step"

    def __call__(self, optimizer: Optimizer, total_steps: int) -> None:
        return None


class OneCycle:
    """Up and down once in the whole training (Smith and Topin 2018), by a cosine each way.

    Args:
        pct_start: share of the training that goes up.
        div_factor: the first rate is the highest divided by this.
        final_div_factor: the last rate is the first divided by this.
    """

    interval: ClassVar[Interval] = "step"

    def __init__(
        self,
        *,
        pct_start: OpenFraction = 0.3,
        div_factor: Annotated[float, Ge(1)] = 25.0,
        final_div_factor: Annotated[float, Ge(1)] = 10000.0,
    ) -> None:
        self.pct_start = pct_start
        self.div_factor = div_factor
        self.final_div_factor = final_div_factor

    def __call__(self, optimizer: Optimizer, total_steps: int) -> LRScheduler:
        from torch.optim.lr_scheduler import OneCycleLR

        rising = self.pct_start
        if math.isclose(rising * total_steps, 1):  # torch divides by rising * total_steps - 1
            rising *= 1 + 1e-6
        return OneCycleLR(
            optimizer,
            max_lr=[float(group["lr"]) for group in optimizer.param_groups],
            total_steps=total_steps,
            pct_start=rising,
            div_factor=self.div_factor,
            final_div_factor=self.final_div_factor,
            cycle_momentum=False,
        )


class Cosine:
    """Straight up, then half a cosine down (Loshchilov and Hutter 2017, with one period).

    Args:
        warmup: share of the training that goes up.
        final: the last rate, as a share of the highest.
    """

    interval: ClassVar[Interval] = "step"

    def __init__(self, *, warmup: Fraction = 0.05, final: Fraction = 0.0) -> None:
        self.warmup = warmup
        self.final = final

    def share(self, step: int, total_steps: int) -> float:
        """The learning rate of a step (0 is the first) as a share of the highest."""
        rising = round(self.warmup * total_steps)
        if step < rising:
            return (step + 1) / (rising + 1)
        done = min((step - rising) / max(total_steps - rising, 1), 1)
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * done)) / 2

    def __call__(self, optimizer: Optimizer, total_steps: int) -> LRScheduler:
        from torch.optim.lr_scheduler import LambdaLR

        return LambdaLR(optimizer, lambda step: self.share(step, total_steps))


class Plateau:
    """Down by a factor when the metric of `checkpoint.monitor` no longer gets better; moves once a validation.

    It is stepped with a value of which less is better.

    Args:
        factor: what the rate is multiplied by.
        patience: validations without a better value before the rate goes down.
        threshold: how much better counts, as a share of the best value.
        cooldown: validations to wait after the rate went down.
        min_lr: the rate never goes below this.
    """

    interval: ClassVar[Interval] = "epoch"

    def __init__(
        self,
        *,
        factor: OpenFraction = 0.1,
        patience: Count = 5,
        threshold: NonNegative = 1e-4,
        cooldown: Size = 0,
        min_lr: NonNegative = 0.0,
    ) -> None:
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.cooldown = cooldown
        self.min_lr = min_lr

    def __call__(self, optimizer: Optimizer, total_steps: int) -> LRScheduler:
        from torch.optim.lr_scheduler import ReduceLROnPlateau

        return ReduceLROnPlateau(
            optimizer,
            factor=self.factor,
            patience=self.patience,
            threshold=self.threshold,
            cooldown=self.cooldown,
            min_lr=self.min_lr,
        )
