"""Turn Omniglot's stroke archive into one npz for each alphabet, as `data=quickdraw` reads them.

    python scripts/omniglot.py strokes_background_small1.zip data/omniglot

The archive is at https://github.com/brendenlake/omniglot (MIT licence; Lake et al. 2015). As Quick, Draw! does,
y points down, the longer side is scaled to 255, and strokes are simplified (Ramer-Douglas-Peucker, tolerance 2).
Drawers 1-14 are for training, 15-16 for validation, 17-20 for testing.
"""

import sys
import zipfile
from collections import defaultdict
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from seqtrain.datasets.simplify import importance
from seqtrain.datasets.strokes import steps_of

SIDES = {"train": range(1, 15), "valid": range(15, 17), "test": range(17, 21)}
Points = NDArray[np.float64]


def main(archive: Path, folder: Path) -> None:
    drawings: dict[str, dict[str, list[NDArray[np.int16]]]] = defaultdict(lambda: defaultdict(list))
    with zipfile.ZipFile(archive) as strokes:
        for name in sorted(strokes.namelist()):
            path = PurePosixPath(name)
            if path.suffix != ".txt" or path.parts[0].startswith("__"):
                continue
            drawer = int(path.stem.split("_")[1])
            side = next(side for side, drawers in SIDES.items() if drawer in drawers)
            drawing = simplified(read(strokes.read(name).decode()))
            drawings[path.parts[1]][side].append(steps_of(drawing).round().astype(np.int16))
    folder.mkdir(parents=True, exist_ok=True)
    for alphabet, sides in drawings.items():
        np.savez_compressed(folder / f"{alphabet}.npz", **{side: objects(sides[side]) for side in SIDES})
        print(f"{alphabet}: {', '.join(f'{len(sides[side])} {side}' for side in SIDES)}")


def read(text: str) -> list[Points]:
    """The strokes of a file, each (points, 2): x, and y downwards."""
    strokes: list[list[list[float]]] = [[]]
    for line in text.split():
        if line == "BREAK":
            strokes.append([])
        elif line != "START":
            x, y, _ = map(float, line.split(","))
            strokes[-1].append([x, -y])
    return [np.array(stroke) for stroke in strokes if stroke]


def simplified(strokes: list[Points]) -> list[Points]:
    """Scaled to 0..255 and with fewer points."""
    every = np.concatenate(strokes)
    low, size = every.min(0), np.ptp(every, axis=0).max() or 1.0
    scaled = [np.round((stroke - low) * (255 / size)) for stroke in strokes]
    return [stroke[importance(stroke, np.array([0])) > 2] for stroke in scaled]


def objects(drawings: list[NDArray[np.int16]]) -> NDArray[np.object_]:
    """An array of arrays, as sketch-rnn's files hold."""
    array = np.empty(len(drawings), dtype=object)
    array[:] = drawings
    return array


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
