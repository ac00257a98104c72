import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqtrain.errors import WrongInput
from seqtrain.missing import fill_missing, statistics_beside_marks
from seqtrain.sequences import Sequences

NAN = float("nan")


def test_nothing_missing_is_left_alone() -> None:
    steps = torch.randn(4, 2)
    assert fill_missing(steps, "refuse", name="x") is steps
    assert fill_missing(steps, "interpolate", name="x") is steps


def test_a_missing_value_is_refused_by_name() -> None:
    steps = torch.tensor([[1.0, 2.0], [3.0, NAN]])
    with pytest.raises(WrongInput, match=r"row 7 of a\.csv has no value at step 1 of feature 1 \(1 missing\)"):
        fill_missing(steps, "refuse", name="row 7 of a.csv")
    with pytest.raises(WrongInput, match="at step 1 of wind"):
        fill_missing(steps, "refuse", name="row 7", features=["sun", "wind"])


def test_gaps_are_interpolated_along_time_and_ends_held() -> None:
    steps = torch.tensor([[NAN, 1.0], [2.0, NAN], [NAN, NAN], [NAN, 4.0], [8.0, NAN]])
    filled = fill_missing(steps, "interpolate", name="x")
    assert filled.tolist() == [[2, 1], [2, 2], [4, 3], [6, 4], [8, 4]]
    assert steps.isnan().sum() == 6  # what came in is not changed


def test_a_feature_without_any_value_cannot_be_interpolated() -> None:
    steps = torch.tensor([[1.0, NAN], [NAN, NAN]])
    with pytest.raises(WrongInput, match="no value at all in feature 1"):
        fill_missing(steps, "interpolate", name="x")
    assert fill_missing(steps, "indicator", name="x").tolist() == [[1, 0, 0, 1], [0, 0, 1, 1]]


def test_the_indicator_is_there_where_nothing_is_missing_too() -> None:
    assert fill_missing(torch.ones(3, 2), "indicator", name="x").tolist() == [[1, 1, 0, 0]] * 3


def test_marks_are_not_normalised() -> None:
    inputs = [fill_missing(torch.tensor([[5.0], [NAN], [7.0]]), "indicator", name="x")]
    mean, std = statistics_beside_marks(Sequences.of(inputs, torch.zeros(1, 1)))
    assert mean.tolist() == [4, 0]
    assert std[1] == 1


@given(st.integers(1, 12), st.integers(1, 3), st.integers(0, 2**31))
def test_interpolating_keeps_what_is_known_and_stays_between(length: int, features: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole = torch.from_numpy(rng.normal(size=(length, features)).astype("float32"))
    gaps = torch.from_numpy(rng.random((length, features)) < 0.5)
    gaps[rng.integers(length), :] = False
    filled = fill_missing(whole.masked_fill(gaps, NAN), "interpolate", name="x")
    assert torch.equal(filled[~gaps], whole[~gaps])
    for feature in range(features):
        known = whole[~gaps[:, feature], feature]
        assert known.min() <= filled[:, feature].min()
        assert filled[:, feature].max() <= known.max()
