"""Keep a run and a shared model of this version in tests/kept, which every later version has to load.

Run once for a release, from the checkout: .venv/bin/python scripts/keep.py
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import torch

import seqtrain
from seqtrain.commands import main

KEPT = Path(__file__).parents[1] / "tests" / "kept"
WORDS = [  # recurrent and convolutional layers, normalising, classes, a schedule: as much as fits into a few kB
    "model=gru", "model.hidden=4", "data=sketch", "data.train_size=60", "data.test_size=20", "optimizer=sgd",
    "optimizer.momentum=0", "trainer.max_epochs=2", "trainer.progress=false", "logger=none",
]  # fmt: skip


def keep(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        run = Path(temporary) / "run"
        if main(["train", *WORDS, f"hydra.run.dir={run}"]) or main(["export", str(run), "format=safetensors"]):
            sys.exit(1)
        folder.mkdir(parents=True)
        for name in ("checkpoints/best.ckpt", ".hydra/config.yaml", ".hydra/overrides.yaml", "result.json", "shared"):
            (folder / "run" / name).parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if name == "shared" else shutil.copy)(run / name, folder / "run" / name)
        shutil.move(folder / "run" / "shared", folder / "shared")
    trained = seqtrain.load(folder / "run")
    generator = torch.Generator().manual_seed(0)
    inputs = [torch.randn(length, trained.spec.features, generator=generator).round(decimals=2) for length in (1, 5, 9)]
    said = trained.predict(inputs)
    answers = {
        "inputs": [each.tolist() for each in inputs],
        "labels": said.labels,
        "probabilities": [[round(float(one), 7) for one in each] for each in said.probabilities],
    }
    (folder / "answers.json").write_text(json.dumps(answers) + "\n")


if __name__ == "__main__":
    place = KEPT / seqtrain.__version__
    if place.exists():
        sys.exit(f"{place} is there already: what was released is not made anew")
    keep(place)
    print(f"{place}: {sum(path.stat().st_size for path in place.rglob('*') if path.is_file()) / 1e3:,.1f} kB")
