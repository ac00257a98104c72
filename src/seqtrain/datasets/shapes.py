"""Ten kinds of shape as someone might think of them before drawing: strokes within about ±1.

Which stroke comes first, where a closed one begins, its direction and its proportions are random.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Line = NDArray[np.float64]  # (n, 2): the corners of one stroke, or the dense points of a curve
_DENSE = 48  # points of a full turn


def _turns(turns: float, rng: Generator, start: float | None = None) -> Line:
    """Points on the unit circle, from a random angle unless `start` is given (radians)."""
    first = rng.uniform(0, 2 * np.pi) if start is None else start
    angles = first + 2 * np.pi * turns * np.linspace(0, 1, max(8, int(_DENSE * abs(turns))))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _closed(corners: Line, rng: Generator) -> Line:
    """A closed stroke from any corner, in either direction."""
    corners = np.roll(corners, rng.integers(len(corners)), axis=0)[:: rng.choice([-1, 1])]
    return np.concatenate([corners, corners[:1]])


def _outline(corners: Line, rng: Generator) -> list[Line]:
    """A polygon, drawn in one go or, seldom, side by side."""
    line = _closed(corners, rng)
    if rng.random() < 0.75:
        return [line]
    return [_either_way(line[side : side + 2], rng) for side in range(len(corners))]


def _either_way(line: Line, rng: Generator) -> Line:
    return line[:: rng.choice([-1, 1])]


def _polygon(count: int, rng: Generator) -> list[Line]:
    angles = np.pi / 2 + np.pi / count + 2 * np.pi * np.arange(count) / count
    corners = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return _outline(corners + rng.normal(0, 0.08, corners.shape), rng)


def _circle(rng: Generator) -> list[Line]:
    return [_turns(rng.choice([-1, 1]) * rng.uniform(0.93, 1.08), rng)]


def _square(rng: Generator) -> list[Line]:
    return _polygon(4, rng)


def _triangle(rng: Generator) -> list[Line]:
    return _polygon(3, rng)


def _star(rng: Generator) -> list[Line]:
    if rng.random() < 0.5:  # five crossing lines
        angles = 2 * np.pi * 2 / 5 * np.arange(5) - np.pi / 2
        radius = np.ones(5)
    else:  # the outline of ten
        angles = np.pi / 5 * np.arange(10) - np.pi / 2
        radius = np.where(np.arange(10) % 2, rng.uniform(0.35, 0.5), 1)
    corners = radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return [_closed(corners + rng.normal(0, 0.05, corners.shape), rng)]


def _spiral(rng: Generator) -> list[Line]:
    curve = _turns(rng.choice([-1, 1]) * rng.uniform(2, 3.5), rng)
    radius = np.linspace(rng.uniform(0.02, 0.15), 1, len(curve)) ** rng.uniform(0.8, 1.2)
    return [_either_way(curve * radius[:, None], rng)]


def _zigzag(rng: Generator) -> list[Line]:
    count = rng.integers(5, 10)
    across = np.linspace(-1, 1, count) + rng.normal(0, 0.04, count)
    height = rng.uniform(0.3, 0.8) * np.where(np.arange(count) % 2, 1, -1) * rng.uniform(0.8, 1.2, count)
    return [_either_way(np.stack([across, height], axis=1)[:, :: rng.choice([-1, 1])], rng)]


def _cross(rng: Generator) -> list[Line]:
    tilt = rng.choice([0, np.pi / 4])  # + or ×
    lines = []
    for angle in (tilt, tilt + np.pi / 2):
        reach = np.array([[-rng.uniform(0.8, 1.1)], [rng.uniform(0.8, 1.1)]])
        lines.append(_either_way(reach * [[np.cos(angle), np.sin(angle)]], rng))
    return _any_order(lines, rng)


def _arrow(rng: Generator) -> list[Line]:
    shaft = np.array([[-1.0, 0], [1, 0]])
    back, side = rng.uniform(0.3, 0.6), rng.uniform(0.25, 0.5)
    head = np.array([[1 - back, side], [1.0, 0], [1 - back, -side]])
    heads = [_either_way(head, rng)] if rng.random() < 0.7 else [head[:2], head[:0:-1]]
    angle = rng.choice(4) * np.pi / 2
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return [line @ turn for line in _any_order([_either_way(shaft, rng), *heads], rng)]


def _house(rng: Generator) -> list[Line]:
    eaves = rng.uniform(-0.4, 0)  # y points down, as on a screen
    walls = _outline(np.array([[-0.8, eaves], [0.8, eaves], [0.8, 1], [-0.8, 1]]), rng)
    out = rng.uniform(0.8, 1)
    roof = _either_way(np.array([[-out, eaves], [rng.uniform(-0.15, 0.15), -1], [out, eaves]]), rng)
    return _any_order([*walls, roof], rng)


def _face(rng: Generator) -> list[Line]:
    head = _turns(rng.choice([-1, 1]) * rng.uniform(0.95, 1.05), rng)
    eyes = [0.08 * _turns(1, rng) + [side * rng.uniform(0.3, 0.42), -rng.uniform(0.2, 0.4)] for side in (-1, 1)]
    smile = rng.uniform(0.45, 0.65) * _turns(0.4, rng, start=0.1 * np.pi)
    return [head, *_any_order([*eyes, _either_way(smile, rng)], rng)]


def _any_order(lines: Sequence[Line], rng: Generator) -> list[Line]:
    return [lines[place] for place in rng.permutation(len(lines))]


SHAPES: dict[str, Callable[[Generator], list[Line]]] = {
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "star": _star,
    "spiral": _spiral,
    "zigzag": _zigzag,
    "cross": _cross,
    "arrow": _arrow,
    "house": _house,
    "face": _face,
}
