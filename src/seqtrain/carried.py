"""A network reads windows of long series: the state at the end of one is where the next of its series starts.

Truncated back-propagation through time (Williams and Peng 1990): states go on, gradients end at a window's start.
A backbone can carry if it has `first_state(inputs (B, T, F)) -> (B, …)` and `read_on(inputs, lengths, state (B, …)) ->
(outputs (B, T, H), state (B, …))`, the state after each sequence's own last valid step.
"""

import torch
from torch import Tensor

from seqtrain.batch import Batch
from seqtrain.errors import WrongInput
from seqtrain.network import Network
from seqtrain.ranks import count, gathered, rank


class Carried:
    """Reads batches one after another, as `Batch.continues` says; where it says nothing, each on its own.

    What begins starts from the model's first state: zero, learnt or random. Of several processes each carries the
    states of its own rows.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._states: Tensor | None = None  # (B, …), of the last batch

    def __call__(self, batch: Batch) -> Tensor:
        """What the network predicts."""
        if batch.continues is None:
            answer: Tensor = self._network(batch.inputs, batch.lengths)
            return answer
        start = self._start(batch.inputs, batch.continues)
        answer, after = self._network.read_on(batch.inputs, batch.lengths, start)
        self._states = after.detach()
        return answer

    def states(self) -> list[Tensor | None]:
        """Those of all processes, for a checkpoint."""
        return gathered(None if self._states is None else self._states.cpu())

    def restore(self, states: list[Tensor | None]) -> None:
        """Go on from the states of as many processes, or of another number: process r of n has rows r, r + n, …"""
        found = [(first, each) for first, each in enumerate(states) if each is not None]
        if not found:
            return
        most = max(len(each) for _, each in found)
        rows = found[0][1].new_zeros(len(states) * most, *found[0][1].shape[1:])
        for first, each in found:
            rows[first :: len(states)][: len(each)] = each
        self._states = rows[rank() :: count()]

    def _start(self, inputs: Tensor, continues: Tensor) -> Tensor:
        first: Tensor = self._network.backbone.first_state(inputs)  # type: ignore[operator]
        if self._states is None or len(self._states) < len(first):  # rows end and never begin: nothing goes on
            return first
        states = self._states[: len(first)].to(first)
        return torch.where(
            continues.to(first.device, non_blocking=True).view(-1, *(1,) * (first.dim() - 1)), states, first
        )


def check_carries(network: Network, *, features: int) -> None:
    """WrongInput where the network has no state that could go on from window to window.

    Args:
        features: of one step.
    """
    backbone = network.backbone
    if not callable(getattr(backbone, "read_on", None)):
        raise WrongInput(
            f"model {type(backbone).__name__} has no state to carry from window to window: train one that has, "
            "such as model=lstm, or set data.carry_state=false"
        )
    if network.change is not None:
        raise WrongInput(
            "the model sees each window relative to its last step, where no state of the one before has a meaning: "
            "set data.forecast=value or data.carry_state=false"
        )
    step = torch.zeros(1, 1, features)
    backbone.read_on(step, torch.tensor([1]), backbone.first_state(step))  # type: ignore[operator]  # it may refuse
