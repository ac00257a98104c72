"""How a long drawing gets shorter: by Ramer, Douglas and Peucker's rule, or by a cut."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seqtrain.datasets.strokes import Steps

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


def shorten(drawings: Sequence[Steps], points: int, how: Literal["rdp", "cut"]) -> list[Steps]:
    """The drawings, with those of more than `points` steps made to fit; the others are not touched.

    `rdp` takes the smallest tolerance that fits; a drawing whose strokes' ends alone are too many
    is then cut as well. `cut` keeps the first `points` steps.
    """
    long = [place for place, steps in enumerate(drawings) if len(steps) > points]
    shorter = list(drawings)
    if long and how == "rdp":
        weights = _weights([drawings[place] for place in long])
        for place, weight in zip(long, weights, strict=True):
            shorter[place] = _keep(drawings[place], weight, points)
    for place in long:
        if len(shorter[place]) > points:
            shorter[place] = shorter[place][:points].copy()
            shorter[place][-1, 2] = 1
    return shorter


def importance(points: Floats, starts: Whole) -> Floats:
    """(S,): the tolerance at which each point disappears; inf for the ends of strokes.

    The points (S, 2) are strokes one after another that begin at `starts`. A point is kept by the
    Ramer-Douglas-Peucker rule (Ramer 1972, Douglas and Peucker 1973; distance to the chord, its ends included)
    with tolerance e exactly if its importance is above e: its distance, or that of a point split earlier on
    its way if that is smaller. All chords of one depth are split at once.
    """
    weight = np.zeros(len(points))
    first, last = starts, np.append(starts[1:], len(points)) - 1
    weight[first] = weight[last] = np.inf
    bound = np.full(len(first), np.inf)  # the importance of the point that made the chord
    while True:
        wide = last - first > 1
        first, last, bound = first[wide], last[wide], bound[wide]
        if not len(first):
            return weight
        counts = last - first - 1  # points between the ends of each chord
        offsets = np.cumsum(counts) - counts
        chord = np.repeat(np.arange(len(first)), counts)
        inner = np.arange(len(chord)) - np.repeat(offsets - first - 1, counts)
        distance = _distance(points[inner], points[first][chord], points[last][chord])
        farthest = np.maximum.reduceat(distance, offsets)
        hits = np.flatnonzero(distance == farthest[chord])
        split = inner[hits[np.searchsorted(chord[hits], np.arange(len(first)))]]
        value = np.minimum(farthest, bound)
        weight[split] = value
        curved = value > 0  # points on the chord itself all weigh nothing
        first, split, last, value = first[curved], split[curved], last[curved], value[curved]
        first, last, bound = np.append(first, split), np.append(split, last), np.append(value, value)


def _distance(points: Floats, begin: Floats, end: Floats) -> Floats:
    """(S,): from each point (S, 2) to the chord from begin to end (S, 2)."""
    along, away = end - begin, points - begin
    squared, ahead = (along * along).sum(1), (away * along).sum(1)
    across = np.abs(along[:, 0] * away[:, 1] - along[:, 1] * away[:, 0])  # exactly zero on the chord
    ends = np.minimum(np.hypot(*away.T), np.hypot(*(points - end).T))
    beside = (ahead > 0) & (ahead < squared)
    distance: Floats = np.where(beside, across / np.sqrt(np.where(beside, squared, 1)), ends)
    return distance


def _weights(drawings: Sequence[Steps]) -> list[Floats]:
    """The importance of every point of every drawing."""
    ends = np.cumsum([len(steps) for steps in drawings])
    points = np.concatenate([steps[:, :2].cumsum(0, dtype=np.float64) for steps in drawings])
    lifted = np.concatenate([steps[:, 2] for steps in drawings]) > 0.5
    lifted[ends - 1] = True
    starts = np.append(0, np.flatnonzero(lifted[:-1]) + 1)
    return np.split(importance(points, starts), ends[:-1])


def _keep(steps: Steps, weight: Floats, points: int) -> Steps:
    """The steps of the points that outweigh the smallest tolerance at which `points` are enough."""
    tolerance = np.partition(weight, len(weight) - points - 1)[len(weight) - points - 1]
    kept = np.flatnonzero(weight > tolerance if np.isfinite(tolerance) else np.isinf(weight))
    places = steps[:, :2].cumsum(0, dtype=np.float64)[kept]
    shorter = steps[kept]
    shorter[1:, :2] = np.diff(places, axis=0)
    return shorter
