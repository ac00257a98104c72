"""Put figures of finished runs below each other, for the README; a row each where runs had callbacks.figures.samples=3.

python scripts/readme_picture.py docs/figures/results.png RUN/figures/predicted_curves.png RUN/figures/samples.png …
"""

import sys
from pathlib import Path

from PIL import Image

WIDTH, GAP = 1000, 12  # pixels


def main(target: Path, figures: list[Path]) -> None:
    images = [scaled(Image.open(figure).convert("RGB")) for figure in figures]
    page = Image.new("RGB", (WIDTH, sum(image.height + GAP for image in images) - GAP), "white")
    top = 0
    for image in images:
        page.paste(image, (0, top))
        top += image.height + GAP
    target.parent.mkdir(parents=True, exist_ok=True)
    page.quantize(128).save(target, optimize=True)


def scaled(image: Image.Image) -> Image.Image:
    return image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), [Path(figure) for figure in sys.argv[2:]])
