"""A backbone that fits itself to the data is shown what its forward will see."""

from dataclasses import replace

import pytest
import torch
from test_padding import LENGTHS, make_data
from torch import Tensor, nn

from seqtrain import assemble as assembling
from seqtrain.assemble import assemble
from seqtrain.models.linear import Linear
from seqtrain.tasks import Regression


class Fitting(Linear):
    """Remembers what it was fitted to, and what it was called with."""

    def fit(self, inputs: Tensor, lengths: Tensor) -> None:
        self.shown = (inputs, lengths)

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        self.seen = (inputs, lengths)
        return super().forward(inputs, lengths)


def make(in_features: int, **_: object) -> nn.Module:
    return Fitting(in_features)


@pytest.mark.parametrize("change", [None, torch.tensor([0, 1])])
def test_it_is_shown_training_inputs_as_its_forward_sees_them(change: Tensor | None) -> None:
    torch.manual_seed(0)
    data = replace(make_data("values"), change=change)
    network = assemble(make, Regression(), data, seed=0)
    batch = data.train.batch(torch.arange(len(LENGTHS)))
    network(batch.inputs, batch.lengths)
    torch.testing.assert_close(network.backbone.shown, network.backbone.seen, rtol=0, atol=0)


def test_of_many_sequences_it_is_shown_some_from_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembling, "_MOST_TO_FIT", 3)
    network = assemble(make, Regression(), make_data("values"), seed=0)
    assert network.backbone.shown[1].tolist() == LENGTHS[::2]
