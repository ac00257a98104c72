import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtrain.datasets.simplify import importance, shorten
from seqtrain.datasets.strokes import steps_of, strokes_of


def distance(point: np.ndarray, begin: np.ndarray, end: np.ndarray) -> float:
    along = end - begin
    share = np.clip((point - begin) @ along / (along @ along), 0, 1) if along.any() else 0
    return float(np.hypot(*(point - begin - share * along)))


def kept_by_recursion(points: np.ndarray, tolerance: float, first: int, last: int) -> set[int]:
    """Ramer, Douglas and Peucker as they wrote it."""
    away = [distance(points[i], points[first], points[last]) for i in range(first + 1, last)]
    if not away or max(away) <= tolerance:
        return {first, last}
    split = first + 1 + int(np.argmax(away))
    before = kept_by_recursion(points, tolerance, first, split)
    return before | kept_by_recursion(points, tolerance, split, last)


@given(st.integers(0, 10_000), st.integers(1, 60), st.floats(0, 30))
def test_one_pass_tells_what_the_rule_keeps_at_any_tolerance(seed: int, count: int, tolerance: float) -> None:
    points = np.random.default_rng(seed).normal(size=(count, 2)).cumsum(0) * 10
    weight = importance(points, np.array([0]))
    assert set(np.flatnonzero(weight > tolerance)) == kept_by_recursion(points, tolerance, 0, count - 1)


def test_strokes_weigh_what_they_weigh_alone() -> None:
    rng = np.random.default_rng(1)
    strokes = [rng.normal(size=(count, 2)).cumsum(0) for count in (1, 30, 2, 17)]
    together = importance(np.concatenate(strokes), np.array([0, 1, 31, 33]))
    assert np.array_equal(together, np.concatenate([importance(stroke, np.array([0])) for stroke in strokes]))


@given(st.integers(0, 1000), st.integers(2, 40))
def test_a_long_drawing_fits_with_the_smallest_tolerance(seed: int, points: int) -> None:
    rng = np.random.default_rng(seed)
    strokes = [rng.integers(-50, 50, size=(rng.integers(1, 30), 2)).cumsum(0) for _ in range(3)]
    steps = steps_of(strokes)
    (short,) = shorten([steps], points, "rdp")
    if len(steps) <= points:
        assert short is steps
        return
    assert len(short) <= points
    assert short[-1, 2] == 1
    ends = 2 * len(strokes) - sum(len(stroke) == 1 for stroke in strokes)
    if ends <= points:
        all_points = np.concatenate(strokes) - strokes[0][0]
        starts = np.cumsum([0, *(len(stroke) for stroke in strokes[:-1])])
        weight = importance(all_points.astype(float), starts)
        tolerance = min(e for e in {0, *weight[np.isfinite(weight)]} if (weight > e).sum() <= points)
        assert np.array_equal(np.concatenate(strokes_of(short)), all_points[weight > tolerance])
        assert short[:, 2].sum() == len(strokes)


def test_a_cut_keeps_the_first_points_and_lifts_the_pen() -> None:
    steps = steps_of([np.array([(x, x % 3) for x in range(30)])])
    (short,) = shorten([steps], 10, "cut")
    assert np.array_equal(short[:, :2], steps[:10, :2])
    assert short[:, 2].tolist() == [0] * 9 + [1]
    assert steps[9, 2] == 0


def test_a_straight_line_of_many_points_is_quick_and_keeps_its_ends() -> None:
    steps = steps_of([np.array([(x, 0) for x in range(100_000)])])
    (short,) = shorten([steps], 5, "rdp")
    assert short[:, 0].sum() == pytest.approx(99_999)
    assert len(short) == 2
