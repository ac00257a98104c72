"""How an optimizer makes its step on the device that it is on, whichever one its checkpoint comes from."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.optim import SGD, Adam, Optimizer  # AdamW is an Adam

_WAYS = ("foreach", "fused", "capturable")  # of making the same step; a checkpoint brings those of its own device


def suit(optimizer: Optimizer, device: torch.device) -> None:
    """One kernel for all weights on a GPU, where torch has one; elsewhere as the optimizer was made."""
    fused = device.type == "cuda" and isinstance(optimizer, Adam | SGD)
    for group in optimizer.param_groups:
        group |= {way: optimizer.defaults[way] for way in _WAYS if way in optimizer.defaults}
        if fused:
            group |= {"foreach": False, "fused": True}
        on_device = bool(group.get("fused") or group.get("capturable"))
        for parameter in group["params"]:
            step = optimizer.state[parameter].get("step") if parameter in optimizer.state else None
            if isinstance(step, torch.Tensor):
                optimizer.state[parameter]["step"] = step.to(parameter.device if on_device else "cpu")


class Rates:
    """The learning rates of an optimizer as tensors on its GPU, where a step that was captured reads them.

    Schedules and checkpoints see numbers. An optimizer without a fused step keeps these within its step too.
    """

    def __init__(self, optimizer: Optimizer, device: torch.device) -> None:
        self._groups = [group for group in optimizer.param_groups if group.get("fused")]
        self._numbers = [float(group["lr"]) for group in self._groups]
        self._tensors = [torch.tensor(number, device=device) for number in self._numbers]

    def refresh(self) -> None:
        """The tensors have the values that the schedule has set."""
        for place, group in enumerate(self._groups):
            if group["lr"] != self._numbers[place]:
                self._numbers[place] = group["lr"]
                self._tensors[place].fill_(group["lr"])

    @contextmanager
    def read(self) -> Iterator[None]:
        """Within, the optimizer's step reads the tensors."""
        for tensor, group in zip(self._tensors, self._groups, strict=True):
            group["lr"] = tensor
        try:
            yield
        finally:
            for number, group in zip(self._numbers, self._groups, strict=True):
                group["lr"] = number
