"""How long a training step of a model takes as sequences grow: forward and backward on one thread, as a table.

    python scripts/long_sequences.py                         # lstm by torch's layer and by default, gru, s4d, mingru
    python scripts/long_sequences.py --models s4d --steps 1000

Models have their default settings and read batches of random numbers; the loss is the mean square of the outputs. They
take turns, and the least of the turns counts, in milliseconds of the process's own time.
"""

import argparse
import time
from collections.abc import Callable

import torch
from torch import nn

from seqtrain.models.mingru import MinGRU
from seqtrain.models.recurrent import Recurrent
from seqtrain.models.s4d import S4D
from seqtrain.models.transformer import Transformer

MODELS: dict[str, Callable[[int, int], nn.Module]] = {
    "lstm-torch": lambda features, steps: Recurrent(features, cell="lstm", kernel="torch"),
    "lstm": lambda features, steps: Recurrent(features, cell="lstm"),
    "gru": lambda features, steps: Recurrent(features, cell="gru"),
    "s4d": lambda features, steps: S4D(features),
    "mingru": lambda features, steps: MinGRU(features),
    "transformer": lambda features, steps: Transformer(features, longest=steps),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=["lstm-torch", "lstm", "gru", "s4d", "mingru"])
    parser.add_argument("--steps", nargs="+", type=int, default=[250, 500, 1000, 2000, 4000])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--features", type=int, default=8)
    parser.add_argument("--turns", type=int, default=3)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(f"| steps | {' | '.join(asked.models)} |\n|{'---|' * (len(asked.models) + 1)}")
    for steps in asked.steps:
        torch.manual_seed(0)
        models = [MODELS[name](asked.features, steps) for name in asked.models]
        inputs = torch.randn(asked.batch, steps, asked.features)
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
