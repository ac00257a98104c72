"""Draw three test sequences of each of some finished runs, below each other, for the README.

python scripts/readme_picture.py docs/figures/results.png RUN RUN …
"""

import io
import sys
from pathlib import Path

import torch
from omegaconf import OmegaConf
from PIL import Image

from seqtrain.commands.arguments import read_arguments
from seqtrain.commands.trials import check_trials
from seqtrain.figures.for_task import figures_for
from seqtrain.loading import load_data
from seqtrain.parts import prepare_parts
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
    words = OmegaConf.load(run / ".hydra" / "overrides.yaml")
    config = check_trials(read_arguments([str(word) for word in words])).every[0].config
    parts = prepare_parts(config)
    data = load_data(parts.data(), parts.loading(), seed=config.seed)
    batch = data.looked_at.batch(torch.arange(min(LOOKED_AT, len(data.looked_at))))
    predictions = load(run).network(batch.inputs, batch.lengths)
    drawn = figures_for(data.spec, data.view, batch, predictions, samples=3)
    file = io.BytesIO()
    next(iter(drawn.values())).savefig(file, dpi=150)
    image = Image.open(file).convert("RGB")
    return image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), [Path(run) for run in sys.argv[2:]])
