"""Schedules reach the optimizer's learning rate as their highest, and end where they say."""

import math

import pytest
import torch
from torch import nn

from seqtrain.schedulers import Constant, Cosine, OneCycle, Plateau, Scheduler

STEPS = 40
TOP = 0.5


def optimizer() -> torch.optim.Optimizer:
    return torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=TOP)


def rates(scheduler: Scheduler, steps: int = STEPS) -> list[float]:
    """The learning rate of each step."""
    sgd = optimizer()
    schedule = scheduler(sgd, steps)
    seen = []
    for _ in range(steps):
        seen.append(float(sgd.param_groups[0]["lr"]))
        sgd.step()
        if schedule is not None:
            schedule.step()
    return seen


def test_constant_stays() -> None:
    assert rates(Constant()) == [TOP] * STEPS


def test_one_cycle_goes_up_and_down_once() -> None:
    seen = rates(OneCycle(pct_start=0.25, div_factor=10.0, final_div_factor=100.0))
    assert seen[0] == pytest.approx(TOP / 10)
    assert max(seen) == pytest.approx(TOP)
    assert seen.index(max(seen)) == STEPS // 4 - 1
    assert seen[-1] == pytest.approx(TOP / 1000)


def test_cosine_follows_its_equation() -> None:
    seen = rates(Cosine(warmup=0.25, final=0.1))
    rising = 10
    assert seen[:rising] == pytest.approx([TOP * (step + 1) / (rising + 1) for step in range(rising)])
    falling = [(step - rising) / (STEPS - rising) for step in range(rising, STEPS)]
    assert seen[rising:] == pytest.approx([TOP * (0.1 + 0.9 * (1 + math.cos(math.pi * done)) / 2) for done in falling])


@pytest.mark.parametrize("scheduler", [OneCycle(), Cosine(), Cosine(warmup=0.0)])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_short_training_has_a_schedule_too(scheduler: Scheduler, steps: int) -> None:
    assert all(0 < rate <= TOP * (1 + 1e-9) for rate in rates(scheduler, steps))


def test_plateau_goes_down_when_nothing_gets_better() -> None:
    sgd = optimizer()
    scheduler = Plateau(factor=0.5, patience=2)
    schedule = scheduler(sgd, STEPS)
    assert scheduler.interval == "epoch"
    for loss in (1.0, 0.5, 0.6, 0.6, 0.6):
        schedule.step(loss)  # type: ignore[call-arg, arg-type]
    assert sgd.param_groups[0]["lr"] == TOP / 2
