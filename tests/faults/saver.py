"""A process that saves a checkpoint of 16 MB again and again, as a run does."""

from pathlib import Path

import torch

from seqtrain.run_folder import RunFolder


def main(words: list[str]) -> int:
    weights = torch.arange(4_000_000, dtype=torch.float32)
    with RunFolder(Path(words[0])) as run:
        for step in range(1_000_000):
            run.keep({"state_dict": {"weight": weights + step}, "seqtrain": {"step": step}}, best=step % 2 == 0)
    return 0
