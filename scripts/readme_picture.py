"""Draw three test sequences of each of some finished runs, below each other, for the README.

python scripts/readme_picture.py docs/figures/results.png RUN RUN …
"""

import io
import sys
from pathlib import Path

import torch
from PIL import Image

from seqtrain.commands.ensemble import Ensemble
from seqtrain.figures.for_task import figures_for
from seqtrain.stored_config import part_of
from seqtrain.trained import load

WIDTH, GAP = 1000, 12  # pixels
LOOKED_AT = 256  # sequences of which three are drawn


def main(target: Path, runs: list[Path]) -> None:
    images = [row(run) for run in runs]
    page = Image.new("RGB", (WIDTH, sum(image.height + GAP for image in images) - GAP), "white")
    top = 0
    for image in images:
        page.paste(image, (0, top))
        top += image.height + GAP
    target.parent.mkdir(parents=True, exist_ok=True)
    page.quantize(128).save(target, optimize=True)


@torch.no_grad()
def row(run: Path) -> Image.Image:
    """The first figure of a run's task that shows sequences."""
    trained = load(run)
    data, chosen = Ensemble((trained,), (part_of(trained.config, "data"),)).chosen_set("test")
    batch = chosen.pick(list(range(min(LOOKED_AT, len(chosen)))))
    predictions = trained.network(batch.inputs, batch.lengths)
    drawn = figures_for(data.spec, data.view, batch, predictions, samples=3)
    file = io.BytesIO()
    next(iter(drawn.values())).savefig(file, dpi=150)
    image = Image.open(file).convert("RGB")
    return image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), [Path(run) for run in sys.argv[2:]])
