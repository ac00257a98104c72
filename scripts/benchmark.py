"""What seqtrain costs beside a bare PyTorch loop and a plain Lightning module.

    python scripts/benchmark.py                     # every case
    python scripts/benchmark.py lstm rnn            # some
    make benchmark CASES="lstm rnn"

A case trains the same model on the same batches for the same number of updates on all sides, on one thread:
seqtrain as `seqtrain train` does it, with logging, metrics, checkpoints and progress bar; torch alone; a plain
LightningModule with all defaults of its Trainer. Each is a process of its own; they take turns of 32 updates, and a
ratio is of two turns that follow each other. A turn has reading, forward, backward, the optimizer and the schedule,
and where the side has them metrics, curves and the bar; no side's validation or end of an epoch is in it. Evaluation
is the test after the training, prediction is of arrays by the trained model. The script ends with status 1 where
seqtrain's losses are not those of the bare loop: in each of the first updates, and at the end within 5% (sketchmate's
bare loop reads other batches: at the end only, within 50%). Those of Lightning are shown and not compared. The table
is on the terminal, all numbers are in outputs/benchmarks.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
from benchmarks.articles import articles
from benchmarks.audio import audio
from benchmarks.cases import CASES
from benchmarks.compare import Disagree, measure
from benchmarks.scaling import scaling
from benchmarks.starting import starting
from benchmarks.table import plain, row, titles

from seqtrain.report import quiet_libraries

OUT = Path("outputs/benchmarks")
STUDIES = {"starting": starting, "audio": audio, "scaling": scaling, "articles": articles}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", help=f"of {', '.join((*CASES, *STUDIES))}; all without")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    given = parser.parse_args()
    if given.device == "cuda":
        return on_gpu(given.cases)
    unknown = [name for name in given.cases if name not in (*CASES, *STUDIES)]
    if unknown:
        parser.error(f"no case {unknown[0]}: there are {', '.join((*CASES, *STUDIES))}")
    names = given.cases or [*CASES, *STUDIES]
    quiet_libraries()
    torch.set_num_threads(1)
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"{time.strftime('%Y-%m-%d_%H-%M-%S')}.json"
    found: list[dict[str, Any]] = []
    if any(name in CASES for name in names):
        print(titles())
    for name in names:
        if name in STUDIES:
            rows = STUDIES[name]()
            print("\n".join(plain(rows)), flush=True)
            found += rows
            path.write_text(json.dumps(found, indent=1, ensure_ascii=False))
            continue
        try:
            found.append(measure(CASES[name]))
        except Disagree as error:
            print(error, file=sys.stderr)
            return 1
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False))
        print("\n".join(row(found[-1])), flush=True)
    return 0


def on_gpu(names: list[str]) -> int:
    """The cases of a GPU, which are others: wall time, and bare loops of several ways; each as a line of JSON."""
    from benchmarks.gpu import measure_on_gpu
    from benchmarks.gpu_cases import GPU_CASES

    quiet_libraries()
    torch.set_num_threads(1)
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"{time.strftime('%Y-%m-%d_%H-%M-%S')}-gpu.json"
    found = []
    for name in names or GPU_CASES:
        found.append(measure_on_gpu(name))
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False))
        print(json.dumps(found[-1], ensure_ascii=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
