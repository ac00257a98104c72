"""torch's fused Adam and AdamW on a CPU, which look for their tensors once and not at every step."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, optim
from torch.optim.optimizer import _global_optimizer_post_hooks, _global_optimizer_pre_hooks


class _Tensors(NamedTuple):
    """What a step of a group of parameters reads and writes, an entry for each of them."""

    means: list[Tensor]
    squares: list[Tensor]
    largest: list[Tensor]  # empty without amsgrad
    steps: list[Tensor]
    every_step: Tensor  # whose entries `steps` are: one addition counts for all


class Adam(optim.Adam):
    """The same to the bit. On the weights of a small model torch's takes twice the kernel's time to get there.

    What is not plain is left to torch: a first step, a GPU, tensors of several types, parameters without a gradient, a
    way other than fused, hooks before or after a step.
    """

    def step(self, closure: Any = None) -> Any:
        every = [self._tensors(group) for group in self.param_groups]
        if closure is not None or None in every or self._hooks():
            return self._torchs_step(closure)
        for group, own in zip(self.param_groups, every, strict=True):
            assert own is not None  # as looked for above
            beta1, beta2 = group["betas"]
            kernel = torch._fused_adamw_ if group["decoupled_weight_decay"] else torch._fused_adam_
            with torch.no_grad():
                own.every_step.add_(1)
                kernel(
                    group["params"],
                    [parameter.grad for parameter in group["params"]],
                    own.means,
                    own.squares,
                    own.largest,
                    own.steps,
                    amsgrad=group["amsgrad"],
                    lr=group["lr"],
                    beta1=beta1,
                    beta2=beta2,
                    weight_decay=group["weight_decay"],
                    eps=group["eps"],
                    maximize=group["maximize"],
                )
        return None

    step.hooked = True  # type: ignore[attr-defined]  # else torch names each step to its profiler: as long as the kernel

    def _torchs_step(self, closure: Any) -> Any:
        """With its hooks, and its name in a profile."""
        step: Any = optim.Adam.step
        return (step if hasattr(step, "hooked") else self.profile_hook_step(step))(self, closure)

    def _hooks(self) -> bool:
        own = self._optimizer_step_pre_hooks or self._optimizer_step_post_hooks
        return bool(own or _global_optimizer_pre_hooks or _global_optimizer_post_hooks)

    def _tensors(self, group: dict[str, Any]) -> _Tensors | None:
        """None where torch's step is to be made."""
        parameters = group["params"]
        if not group["fused"] or any(each.grad is None for each in parameters):
            return None
        kept: dict[int, _Tensors | None] = self.__dict__.setdefault("_kept", {})
        own, first = kept.get(id(group)), self.state[parameters[0]]  # of all tensors the first tells of the others
        if own is None or own.means[0] is not first.get("exp_avg") or own.steps[0] is not first.get("step"):
            own = kept[id(group)] = self._looked_for(parameters)  # after a first step, and after a checkpoint
        return own

    def _looked_for(self, parameters: list[Tensor]) -> _Tensors | None:
        states = [self.state[each] for each in parameters]
        kinds = {(each.device.type, each.dtype) for each in parameters}
        if len(kinds) > 1 or parameters[0].device.type != "cpu" or not all(states):
            return None
        every_step = torch.stack([state["step"] for state in states])
        for state, step in zip(states, every_step, strict=True):
            state["step"] = step
        names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq", "step")
        means, squares, largest, steps = ([state[name] for state in states if name in state] for name in names)
        return _Tensors(means, squares, largest, steps, every_step)


class AdamW(Adam, optim.AdamW):
    """Likewise."""
