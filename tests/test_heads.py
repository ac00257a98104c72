"""Heads read valid steps only, and say what does not fit."""

import pytest
import torch

from seqtrain.errors import WrongInput
from seqtrain.heads import FlattenHead, LogProbabilities, PooledHead, StepHead, last_step, max_over_time, mean_over_time

LENGTHS = torch.tensor([1, 3, 6])


@pytest.fixture
def steps() -> torch.Tensor:
    return torch.randn(3, 6, 4)


@pytest.mark.parametrize("pool", [mean_over_time, max_over_time, last_step])
def test_pooling_reads_valid_steps_only(pool, steps: torch.Tensor) -> None:
    expected = {
        mean_over_time: lambda valid: valid.mean(0),
        max_over_time: lambda valid: valid.amax(0),
        last_step: lambda valid: valid[-1],
    }[pool]
    pooled = pool(steps, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        assert torch.allclose(pooled[row], expected(steps[row, :length]), atol=1e-6)


@pytest.mark.parametrize("head", [PooledHead(4, 2, pool=max_over_time), FlattenHead(4, 2, steps=8)])
def test_padding_never_changes_what_a_head_reads(head, steps: torch.Tensor) -> None:
    more = torch.cat([steps, torch.randn(3, 50, 4)], 1)
    assert torch.allclose(head(steps, LENGTHS), head(more, LENGTHS), atol=1e-6)


def test_flattening_refuses_longer_sequences_than_it_was_made_for(steps: torch.Tensor) -> None:
    with pytest.raises(WrongInput, match="6 steps but this flatten head was trained on at most 5"):
        FlattenHead(4, 2, steps=5)(steps, LENGTHS)


def test_log_probabilities_sum_to_one(steps: torch.Tensor) -> None:
    answer = LogProbabilities(StepHead(4, 5))(steps, LENGTHS)
    assert answer.shape == (3, 6, 5)
    assert torch.allclose(answer.exp().sum(-1), torch.ones(3, 6))
