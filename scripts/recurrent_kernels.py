"""How long a training step and an evaluation take with the compiled loops, against torch's layers, on one thread.

    python scripts/recurrent_kernels.py                   # every size: a table in Markdown
    python scripts/recurrent_kernels.py 32x32x50 128x32x50  # some sizes: hidden x batch x steps

A training step is forward, mean squared error of a value at every step, backward, and Adam (foreach). Torch's side is
nn.RNN, nn.GRU or nn.LSTM, and nn.Linear, nothing else. Both take turns, and a ratio is of two times that follow each
other; the time is the process's own.
"""

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from seqtrain.models.recurrent import Recurrent

SIZES = [
    (hidden, batch, steps)
    for hidden in (8, 32, 64, 128, 256, 512)
    for batch, steps in ((1, 10), (1, 50), (1, 500), (32, 10), (32, 50), (32, 500), (256, 10), (256, 50))
]


def runs(
    cell: str, size: tuple[int, int, int], features: int, dtype: torch.dtype, kernel: str
) -> list[Callable[[], None]]:
    """A training step, and an evaluation."""
    hidden, batch, steps = size
    torch.manual_seed(0)
    model = Recurrent(features, cell=cell, hidden=hidden, kernel=kernel).to(dtype)  # type: ignore[arg-type]
    head = nn.Linear(hidden, 1).to(dtype)
    optimizer = torch.optim.Adam([*model.parameters(), *head.parameters()], foreach=True)
    inputs = torch.randn(batch, steps, features, dtype=dtype)
    targets = torch.randn(batch, steps, 1, dtype=dtype)
    lengths = torch.full((batch,), steps)

    def outputs() -> Tensor:
        read: Tensor = model.layers(inputs)[0] if kernel == "torch" else model(inputs, lengths)[0]
        return read

    def train() -> None:
        nn.functional.mse_loss(head(outputs()), targets).backward()
        optimizer.step()
        optimizer.zero_grad()

    @torch.no_grad()
    def evaluate() -> None:
        head(outputs())

    return [train, evaluate]


def seconds(run: Callable[[], None], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        run()
    return (time.process_time() - began) / times


def compare(
    torchs: Callable[[], None], ours: Callable[[], None], turns: int, at_least: float
) -> tuple[float, list[float]]:
    """Microseconds of torch's, the least, and the ratios of the turns in order."""
    counts = []
    for run in (torchs, ours):
        run()
        counts.append(max(1, int(at_least / max(seconds(run, 1), 1e-5))))
    times = [(seconds(torchs, counts[0]), seconds(ours, counts[1])) for _ in range(turns)]
    return min(time for time, _ in times) * 1e6, sorted(our / their for their, our in times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", help="hidden x batch x steps, as 32x32x50; all of a grid without")
    parser.add_argument("--cells", nargs="+", choices=["rnn_tanh", "gru", "lstm"], default=["rnn_tanh", "gru", "lstm"])
    parser.add_argument("--kernel", choices=["fused", "auto"], default="fused")
    parser.add_argument("--features", type=int, default=1, help="of a step of the inputs")
    parser.add_argument("--double", action="store_true", help="float64")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.1, help="at least this long for a turn")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    dtype = torch.float64 if arguments.double else torch.float32
    sizes = [tuple(int(part) for part in size.split("x")) for size in arguments.sizes] or SIZES
    print("| cell | hidden | batch | steps | torch, µs | training, min/median/max | evaluation, min/median/max |")
    print("|---|---|---|---|---|---|---|")
    for cell in arguments.cells:
        for hidden, batch, steps in sizes:
            pairs = zip(
                *(
                    runs(cell, (hidden, batch, steps), arguments.features, dtype, of)
                    for of in ("torch", arguments.kernel)
                ),
                strict=True,
            )
            found = [compare(*pair, arguments.turns, arguments.seconds) for pair in pairs]
            told = (f"{ratios[0]:.2f} / {ratios[len(ratios) // 2]:.2f} / {ratios[-1]:.2f}" for _, ratios in found)
            print(f"| {cell} | {hidden} | {batch} | {steps} | {found[0][0]:,.0f} | {' | '.join(told)} |", flush=True)


if __name__ == "__main__":
    main()
