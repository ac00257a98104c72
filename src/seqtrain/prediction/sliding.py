"""Answers to windows that slide along a series row by row, where the model carried its state in training."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from seqtrain.errors import WrongInput
from seqtrain.items import Item
from seqtrain.network import Network
from seqtrain.prediction.answers import Answer, Bad, unfit
from seqtrain.trained import Trained


@torch.no_grad()
def sliding_answers(trained: Trained, items: Iterable[Item], *, bad: Bad) -> Iterator[list[Answer]]:
    """What the network says of each good window of one series; each begins a row after the one before.

    It starts from the state that all rows before the window leave, as windows of training do that are one after
    another. After a bad window the state begins anew.
    """
    state: Tensor | None = None
    for name, window in items:
        wrong = window if isinstance(window, WrongInput) else unfit(window, trained.spec.features)
        if wrong is not None:
            bad(name, wrong)
            state = None
        elif isinstance(window, Tensor):
            answer, state = _read(trained.network, window, state)
            yield [Answer(name, answer.exp() if trained.classes else answer)]


def _read(network: Network, window: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
    """The answer to a window (T, F), and the state from which the next one starts: after the first row of this one."""
    steps = window.to(next(network.parameters()))[None]  # (1, T, F)
    start = network.backbone.first_state(steps) if state is None else state  # type: ignore[operator]
    all_steps, one = torch.tensor([[len(window)], [1]], device=steps.device)
    outputs, _ = network.read_on(steps, all_steps, start)
    _, after = network.read_on(steps[:, :1], one, start)
    return outputs[0].cpu(), after
