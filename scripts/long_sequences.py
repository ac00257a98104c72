"""How long a training step of a model takes as sequences grow: forward and backward on one thread, as a table.

    python scripts/long_sequences.py                         # lstm by torch's layer and by default, gru, s4d, mingru
    python scripts/long_sequences.py --models s4d --steps 1000

Models have their default settings, but for `--hidden`, and read batches of random numbers; the loss is the mean square
of the outputs. They take turns, and the least of the turns counts, in milliseconds of the process's own time.
"""

import argparse
import time
from collections.abc import Callable

import torch
from torch import nn

from seqtrain.heap import memory_kept
from seqtrain.models.mingru import MinGRU
from seqtrain.models.recurrent import Recurrent
from seqtrain.models.s4d import S4D
from seqtrain.models.transformer import Transformer

MODELS: dict[str, Callable[[int, int, int], nn.Module]] = {
    "lstm-torch": lambda features, hidden, steps: Recurrent(features, cell="lstm", hidden=hidden, kernel="torch"),
    "lstm": lambda features, hidden, steps: Recurrent(features, cell="lstm", hidden=hidden),
    "gru": lambda features, hidden, steps: Recurrent(features, cell="gru", hidden=hidden),
    "s4d": lambda features, hidden, steps: S4D(features, hidden=hidden),
    "mingru": lambda features, hidden, steps: MinGRU(features, hidden=hidden),
    "transformer": lambda features, hidden, steps: Transformer(features, hidden=hidden, longest=steps),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=["lstm-torch", "lstm", "gru", "s4d", "mingru"])
    parser.add_argument("--steps", nargs="+", type=int, default=[250, 500, 1000, 2000, 4000])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--features", type=int, default=8)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--turns", type=int, default=3)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(f"| steps | {' | '.join(asked.models)} |\n|{'---|' * (len(asked.models) + 1)}")
    for steps in asked.steps:
        torch.manual_seed(0)
        models = [MODELS[name](asked.features, asked.hidden, steps) for name in asked.models]
        inputs = torch.randn(asked.batch, steps, asked.features)
        with memory_kept():  # as in a training
            turns = [[milliseconds(model, inputs) for model in models] for _ in range(asked.turns + 1)]
        least = [min(times) for times in zip(*turns[1:], strict=True)]  # the first turn warms up
        print(f"| {steps:,} | {' | '.join(f'{time:,.0f}' for time in least)} |", flush=True)


def milliseconds(model: nn.Module, inputs: torch.Tensor) -> float:
    """Of one forward and backward pass."""
    lengths = torch.full(inputs.shape[:1], inputs.shape[1])
    model.zero_grad()
    began = time.process_time()
    model(inputs, lengths)[0].square().mean().backward()
    return 1e3 * (time.process_time() - began)


if __name__ == "__main__":
    main()
