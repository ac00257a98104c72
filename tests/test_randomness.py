"""Random numbers depend on what they are for, and look random."""

import torch

from seqtrain.randomness import Draws, generator, mix


def test_draws_of_a_sequence_do_not_depend_on_its_batch() -> None:
    together = Draws(1, 2, torch.tensor([5, 9, 7])).uniform(4)
    alone = Draws(1, 2, torch.tensor([9])).uniform(4)
    assert torch.equal(together[1:2], alone)


def test_draws_differ_by_seed_epoch_index_and_call() -> None:
    def first(seed: int, epoch: int, index: int, calls: int = 1) -> float:
        draws = Draws(seed, epoch, torch.tensor([index]))
        return [float(draws.uniform(1)) for _ in range(calls)][-1]

    values = [first(0, 0, 0), first(1, 0, 0), first(0, 1, 0), first(0, 0, 1), first(0, 0, 0, calls=2)]
    assert len(set(values)) == 5


def test_draws_are_uniform_and_normal() -> None:
    draws = Draws(0, 0, torch.arange(2000))
    uniform, normal = draws.uniform(50), draws.normal(50)
    assert abs(float(uniform.mean()) - 0.5) < 0.005
    assert float(uniform.min()) >= 0
    assert float(uniform.max()) < 1
    counts = torch.histc(uniform, 20, 0, 1) / uniform.numel()
    assert float((counts - 0.05).abs().max()) < 0.003
    assert abs(float(normal.mean())) < 0.01
    assert abs(float(normal.std()) - 1) < 0.01
    neighbours = torch.corrcoef(torch.stack((uniform[:-1].flatten(), uniform[1:].flatten())))
    assert abs(float(neighbours[0, 1])) < 0.01


def test_keys_depend_on_the_order_of_their_parts() -> None:
    assert mix(1, 2) != mix(2, 1)
    assert mix(0) != mix(0, 0)
    assert all(0 <= mix(seed) < 2**63 for seed in range(1000))
    assert torch.equal(torch.rand(3, generator=generator(4)), torch.rand(3, generator=generator(4)))
