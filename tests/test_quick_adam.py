"""The quick step is torch's to the bit, whatever happens between steps."""

from collections.abc import Callable
from copy import deepcopy

import pytest
import torch
from torch import Tensor, optim
from torch.optim.optimizer import register_optimizer_step_post_hook

from seqtrain import quick_adam

SHAPES = [(4, 3), (4,), (2, 4), (1,)]
Made = Callable[[list[Tensor]], optim.Optimizer]


def weights(dtype: torch.dtype = torch.float32) -> list[Tensor]:
    torch.manual_seed(0)
    return [torch.nn.Parameter(torch.randn(shape, dtype=dtype)) for shape in SHAPES]


def train(made: Made, *, without: int | None = None, restart: bool = False) -> tuple[list[Tensor], int]:
    """The weights after twelve steps, and how many of them torch's own code made."""
    parameters = weights()
    optimizer = made(parameters)
    torchs = 0
    looked = optimizer._init_group  # type: ignore[attr-defined]

    def counted(*arguments: object) -> object:
        nonlocal torchs
        torchs += 1
        return looked(*arguments)

    optimizer._init_group = counted  # type: ignore[attr-defined]
    for step in range(12):
        optimizer.param_groups[0]["lr"] = 0.1 / (step + 1)
        for place, parameter in enumerate(parameters):
            parameter.grad = None if step == without and place == 1 else torch.sin(parameter.detach() + step)
        optimizer.step()
        if restart and step == 5:
            optimizer.load_state_dict(deepcopy(optimizer.state_dict()))
    return parameters, torchs


@pytest.mark.parametrize("settings", [{}, {"amsgrad": True}, {"weight_decay": 0.1, "betas": (0.8, 0.95)}], ids=str)
@pytest.mark.parametrize("name", ["Adam", "AdamW"])
@pytest.mark.parametrize(("between", "torchs"), [({}, 1), ({"without": 6}, 2), ({"restart": True}, 1)], ids=str)
def test_steps_are_those_of_torch(name: str, settings: dict, between: dict, torchs: int) -> None:  # type: ignore[type-arg]
    expected, _ = train(lambda parameters: getattr(optim, name)(parameters, fused=True, **settings), **between)
    found, by_torch = train(lambda parameters: getattr(quick_adam, name)(parameters, fused=True, **settings), **between)
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))
    assert by_torch == torchs  # the first step, and those with a gradient missing


def test_groups_and_types_of_their_own() -> None:
    def groups(parameters: list[Tensor]) -> list[dict[str, object]]:
        return [{"params": parameters[:2], "lr": 0.3}, {"params": parameters[2:], "weight_decay": 0.2}]

    expected, _ = train(lambda parameters: optim.Adam(groups(parameters), fused=True))
    found, by_torch = train(lambda parameters: quick_adam.Adam(groups(parameters), fused=True))
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))
    assert by_torch == 2  # of two groups the first step
    mixed = [*weights()[:2], *weights(torch.float64)[2:]]
    optimizer = quick_adam.Adam(mixed, fused=True)
    for _ in range(3):
        for parameter in mixed:
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()
    assert optimizer.state[mixed[3]]["step"] == 3


def test_hooks_of_a_step_are_called_once_each() -> None:
    parameters = weights()
    optimizer = quick_adam.Adam(parameters, fused=True)
    called: list[str] = []

    def step() -> None:
        called.clear()
        for parameter in parameters:
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()

    step()
    before = optimizer.register_step_pre_hook(lambda *_: called.append("before"))
    after = optimizer.register_step_post_hook(lambda *_: called.append("after"))
    step()
    assert called == ["before", "after"]
    before.remove()
    after.remove()
    of_all = register_optimizer_step_post_hook(lambda *_: called.append("of all"))
    step()
    of_all.remove()
    assert called == ["of all"]
    step()
    assert called == []


def test_a_step_is_not_named_to_torchs_profiler() -> None:
    """Which takes as long as the kernel; it does where a later torch wraps steps in another way."""
    quick_adam.Adam(weights(), fused=True)
    assert not hasattr(quick_adam.Adam.step, "__wrapped__")
    assert not hasattr(quick_adam.AdamW.step, "__wrapped__")
