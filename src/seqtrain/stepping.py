"""A trained network that reads sequences one step at a time, and answers after each step.

A backbone can step if it has `step(inputs (B, F), state) -> (outputs (B, H), state)`; the first state is None.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from seqtrain.errors import WrongInput
from seqtrain.heads import PooledHead, StepHead, last_step, max_over_time, mean_over_time, reader
from seqtrain.network import Network

Pool = Callable[[Tensor, Tensor, int], Tensor]  # what was pooled (B, H), outputs (B, H) of step n, n from 2 -> pooled


class Stepper:
    """Steps through B sequences at once and carries the state from step to step.

    The answer after a step is what the network says of the steps up to there: where it predicts at every step the
    last prediction, where it predicts for a whole sequence the one for what was read.

    Raises WrongInput where the network cannot: its backbone needs steps to come, or its head all of them.

    Args:
        network: in evaluation mode.
        features: of one step.
    """

    def __init__(self, network: Network, *, features: int) -> None:
        self._network = network
        self._features = features
        self._device = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))
        if not callable(getattr(network.backbone, "step", None)):
            raise WrongInput(
                f"model {type(network.backbone).__name__} cannot read one step at a time, since its outputs need "
                "steps that come later: train one that reads forward only, such as model=lstm"
            )
        self._pool = _pool_of(network.head)
        if network.change is not None:
            raise WrongInput(
                "the model sees a sequence relative to its last step, and cannot read one step at a time: train with "
                "data.forecast=value"
            )
        self.reset()
        self.step(torch.zeros(1, features))  # a backbone may find only now that it cannot
        self.reset()

    def reset(self) -> None:
        """Begin new sequences."""
        self._state: Any = None
        self._pooled: Tensor | None = None
        self.steps = 0  # read so far

    @torch.no_grad()
    def step(self, inputs: Tensor) -> Tensor:
        """One step (B, F) -> values (B, D) or log-probabilities (B, C); of one sequence (F,) -> (D,) or (C,)."""
        if inputs.dim() == 1:
            return self.step(inputs[None])[0]
        if inputs.dim() != 2 or inputs.shape[1] != self._features:
            raise WrongInput(f"a step has the shape {tuple(inputs.shape)}: it must be (B, {self._features})")
        if self._pooled is not None and len(inputs) != len(self._pooled):
            raise WrongInput(f"{len(inputs)} sequences after {len(self._pooled)}: call reset() before others begin")
        steps = inputs.to(self._device, torch.float32)[:, None]  # (B, 1, F)
        one = torch.ones(len(steps), dtype=torch.int64, device=self._device)
        if self._network.normalize is not None:
            steps = self._network.normalize(steps, one)
        outputs, self._state = self._network.backbone.step(steps[:, 0], self._state)  # type: ignore[operator]
        self.steps += 1
        new = outputs.double()
        self._pooled = new if self._pooled is None else self._pool(self._pooled, new, self.steps)
        answer: Tensor = self._network.head(self._pooled[:, None].to(outputs.dtype), one)  # a pool of one step is it
        answer = answer.flatten(0, 1) if answer.dim() == 3 else answer  # (B, D) or (B, C)
        return answer if self._network.rescale is None else self._network.rescale(answer)


def can_step(network: Network, *, features: int) -> bool:
    """Whether a Stepper can be made of it."""
    try:
        Stepper(network, features=features)
    except WrongInput:
        return False
    return True


def _pool_of(head: nn.Module) -> Pool:
    """How a head's reading goes on from step to step."""
    inner = reader(head)
    if isinstance(inner, StepHead):
        return _last
    if isinstance(inner, PooledHead) and inner.pool in _POOLS:
        return _POOLS[inner.pool]
    raise WrongInput(
        f"the head {type(inner).__name__} reads all steps of a sequence side by side, so that it cannot answer "
        "before the last: train with task.read=mean, max or last"
    )


def _last(_: Tensor, outputs: Tensor, step: int) -> Tensor:
    return outputs


def _mean(pooled: Tensor, outputs: Tensor, step: int) -> Tensor:
    return pooled + (outputs - pooled) / step


def _max(pooled: Tensor, outputs: Tensor, step: int) -> Tensor:
    return torch.maximum(pooled, outputs)


_POOLS: dict[Callable[[Tensor, Tensor], Tensor], Pool] = {
    mean_over_time: _mean,
    max_over_time: _max,
    last_step: _last,
}
