import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqtrain.batch import Batch
from seqtrain.datasets.strokes import Redraw, step_scale, steps_of, strokes_of
from seqtrain.randomness import Draws
from seqtrain.sequences import Sequences

POINT = st.tuples(st.integers(-500, 500), st.integers(-500, 500))
STROKES = st.lists(st.lists(POINT, min_size=1, max_size=12), min_size=1, max_size=5)


def drawing(strokes: list[list[tuple[int, int]]]) -> np.ndarray:
    return steps_of([np.array(stroke) for stroke in strokes])


def batch_of(drawings: list[np.ndarray]) -> Batch:
    inputs = [torch.from_numpy(steps) for steps in drawings]
    return Sequences.of(inputs, torch.zeros(len(inputs), dtype=torch.int64)).batch(torch.arange(len(inputs)))


def redrawn(drawings: list[np.ndarray], *, seed: int = 0, **settings: float) -> Batch:
    batch = batch_of(drawings)
    return Redraw(**{"scale": 0.0, "rotate": 0.0, "drop": 0.0, **settings})(batch, Draws(seed, 0, batch.indices))


def test_the_pen_is_one_where_a_stroke_ends() -> None:
    steps = drawing([[(5, 5), (6, 7)], [(0, 0)], [(1, 1), (3, 1), (3, 0)]])
    expected = [(0, 0, 0), (1, 2, 1), (-6, -7, 1), (1, 1, 0), (2, 0, 0), (0, -1, 1)]
    assert steps.tolist() == [list(map(float, step)) for step in expected]


@given(STROKES)
def test_strokes_survive_the_way_there_and_back(strokes: list[list[tuple[int, int]]]) -> None:
    back = strokes_of(drawing(strokes))
    assert [len(stroke) for stroke in back] == [len(stroke) for stroke in strokes]
    moved = np.concatenate(back) + strokes[0][0]
    assert np.array_equal(moved, np.concatenate([np.array(stroke) for stroke in strokes]))


@given(st.lists(STROKES, min_size=1, max_size=4), st.floats(0, 0.99), st.integers(0, 99))
def test_dropping_points_leaves_the_others_where_they_were(
    drawings: list[list[list[tuple[int, int]]]], drop: float, seed: int
) -> None:
    originals = [drawing(strokes) for strokes in drawings]
    batch = redrawn(originals, seed=seed, drop=drop)
    assert batch.inputs.shape[1] == int(batch.lengths.max())
    for steps, length, original in zip(batch.inputs, batch.lengths.tolist(), originals, strict=True):
        assert not steps[length:].any()
        assert length >= min(2, len(original))
        before, after = strokes_of(original), strokes_of(steps[:length].numpy())
        assert len(before) == len(after)
        for whole, thinned in zip(before, after, strict=True):
            assert np.array_equal(thinned[[0, -1]], whole[[0, -1]])
            rows = iter(whole.tolist())
            assert all(point in rows for point in thinned.tolist()), "points left out keep their order"


def test_about_the_asked_share_of_points_is_dropped() -> None:
    line = drawing([[(x, 0) for x in range(2000)]])
    assert 2000 - int(redrawn([line], drop=0.3).lengths[0]) == pytest.approx(600, abs=60)


def test_an_augmentation_depends_on_the_index_and_not_on_the_company() -> None:
    drawings = [drawing([[(x, x * x % (7 + n)) for x in range(10 + 5 * n)]]) for n in range(6)]
    batch = batch_of(drawings)
    redraw = Redraw(scale=0.2, rotate=20, drop=0.3)
    together = redraw(batch, Draws(3, 1, batch.indices))
    sequences = Sequences.of([torch.from_numpy(steps) for steps in drawings], torch.zeros(6))
    for index in range(6):
        alone = sequences.batch(torch.tensor([index]))
        alone = redraw(alone, Draws(3, 1, alone.indices))
        length = int(alone.lengths[0])
        assert int(together.lengths[index]) == length
        assert torch.equal(together.inputs[index, :length], alone.inputs[0])
    assert not torch.equal(redraw(batch, Draws(3, 2, batch.indices)).inputs[:, :5], together.inputs[:, :5])


def test_turning_keeps_every_distance_and_the_pen() -> None:
    steps = drawing([[(0, 0), (30, 40), (0, 7)], [(9, 9), (3, 3)]])
    turned = redrawn([steps], rotate=90).inputs[0].numpy()
    assert np.hypot(*turned[:, :2].T) == pytest.approx(np.hypot(*steps[:, :2].T), rel=1e-5)
    assert np.array_equal(turned[:, 2], steps[:, 2])
    assert not np.allclose(turned, steps, atol=1)


def test_scaling_multiplies_each_axis_by_one_factor() -> None:
    steps = drawing([[(0, 0), (30, 40), (10, 7), (50, 90)]])
    ratio = redrawn([steps], scale=0.2).inputs[0].numpy()[1:, :2] / steps[1:, :2]
    assert np.allclose(ratio, ratio[0], rtol=1e-5)
    assert ((ratio >= 0.8) & (ratio <= 1.2)).all()
    assert ratio[0, 0] != ratio[0, 1]


def test_nothing_is_redrawn_where_every_setting_is_zero() -> None:
    assert Redraw.wanted(scale=0, rotate=0, drop=0) is None
    assert Redraw.wanted(scale=0, rotate=1, drop=0) is not None


def test_drawings_are_scaled_by_the_joint_deviation_of_dx_and_dy() -> None:
    drawings = [drawing([[(0, 0), (30, 4), (1, 7)]]), drawing([[(9, 9), (-3, 3), (5, 5), (1, 2)]])]
    sequences = Sequences.of([torch.from_numpy(steps) for steps in drawings], torch.zeros(2))
    mean, std = step_scale(sequences)
    expected = np.concatenate(drawings)[:, :2].std()
    assert mean.tolist() == [0, 0, 0]
    assert std.tolist() == pytest.approx([expected, expected, 1])
    alone = step_scale(sequences.select(torch.tensor([1])))
    assert float(alone.std[0]) == pytest.approx(drawings[1][:, :2].std())


def test_drawings_of_a_single_dot_are_not_divided_by_zero() -> None:
    assert step_scale(Sequences.of([torch.tensor([[0.0, 0, 1]])], torch.zeros(1))).std.tolist() == [1, 1, 1]
