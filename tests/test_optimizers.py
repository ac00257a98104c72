"""Optimizers of ours are torch's, with their settings."""

from typing import Any

import pytest
import torch
from torch import nn

from seqtrain import quick_adam
from seqtrain.errors import WrongInput
from seqtrain.optimizers import SGD, Adam, AdamW, RMSprop

CASES: list[tuple[Any, type[torch.optim.Optimizer], dict[str, Any]]] = [
    (Adam(lr=0.5, betas=[0.5, 0.75]), quick_adam.Adam, {"lr": 0.5, "betas": (0.5, 0.75)}),
    (AdamW(weight_decay=0.25), quick_adam.AdamW, {"weight_decay": 0.25}),
    (SGD(momentum=0.5, nesterov=True), torch.optim.SGD, {"momentum": 0.5, "nesterov": True}),
    (RMSprop(alpha=0.5, centered=True), torch.optim.RMSprop, {"alpha": 0.5, "centered": True}),
]


@pytest.mark.parametrize(("factory", "kind", "settings"), CASES, ids=[kind.__name__ for _, kind, _ in CASES])
def test_a_factory_makes_torchs_optimizer(
    factory: Any, kind: type[torch.optim.Optimizer], settings: dict[str, Any]
) -> None:
    layer = nn.Linear(2, 1)
    optimizer = factory(layer.parameters())
    assert type(optimizer) is kind
    assert isinstance(optimizer, getattr(torch.optim, kind.__name__))
    assert settings.items() <= optimizer.defaults.items()
    before = layer.weight.detach().clone()
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    assert not torch.equal(before, layer.weight)


def test_nesterov_needs_momentum() -> None:
    with pytest.raises(WrongInput, match="nesterov is true but momentum is 0"):
        SGD(momentum=0.0, nesterov=True)
