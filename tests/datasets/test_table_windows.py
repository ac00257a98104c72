"""One long series cut into windows, and forecasts of what comes after them."""

import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from composing import QUICK, trained
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from seqtrain.batch import Batch
from seqtrain.datasets.table import Table
from seqtrain.errors import WrongInput
from seqtrain.loading import Loading, load_data
from seqtrain.metrics import ValueScores
from seqtrain.network import Change, Network, Normalize, Rescale
from seqtrain.sequences import Sequences, Sets, Statistics
from seqtrain.stepping import can_step
from seqtrain.trained import load

LINES = [f"2020-01-{1 + n // 24:02} {n % 24:02}:00,{n},{n * n}" for n in range(100)]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def made(lines: list[str], name: str = "a.csv") -> Path:
        (tmp_path / name).write_text("\n".join(["date,x,y", *lines, ""]))
        return tmp_path / name

    return made


def windows(path: Path, **settings: Any) -> Table:
    return Table(
        train=path.name,
        root=str(path.parent),
        layout="windows",
        **{"target": "y", "time": "date", "context": 4, **settings},
    )


def parts(sets: Sets) -> list[Sequences]:
    assert sets.val is not None
    assert sets.test is not None
    return [sets.train, sets.val, sets.test]


def whole(part: Sequences) -> Batch:
    return part.batch(torch.arange(len(part)))


def test_contexts_may_reach_back_and_targets_never(write: Callable[..., Path]) -> None:
    sets = windows(write(LINES), horizon=3, rows=[60, 20, 10]).load(0)
    for part, start, end in zip(parts(sets), (4, 60, 80), (60, 80, 90), strict=True):
        batch = whole(part)
        first = batch.inputs[:, -1, 0] + 1  # x is the row
        assert batch.inputs.shape[1:] == (4, 2)
        assert torch.equal(batch.targets, (first[:, None] + torch.arange(3)).square())
        assert (int(first.min()), int(first.max())) == (start, end - 3)
        assert len(part) == end - 3 - start + 1
    assert (sets.predicts, sets.ordered, sets.scale_targets) == ("values", True, True)
    assert sets.train.name(0) == "a.csv:5"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(
        st.tuples(st.floats(-1e6, 1e6, width=32), st.floats(-1e6, 1e6, width=32)), min_size=40, max_size=80
    ),
    context=st.integers(1, 6),
    horizon=st.integers(1, 3),
    stride=st.integers(1, 3),
    last=st.booleans(),
    parquet=st.booleans(),
)
def test_random_series_are_cut_as_a_plain_loop_does(
    tmp_path: Path,
    values: list[tuple[float, float]],
    context: int,
    horizon: int,
    stride: int,
    last: bool,
    parquet: bool,
) -> None:
    path = tmp_path / ("a.parquet" if parquet else "a.csv")
    frame = pl.DataFrame(values, schema=["x", "y"], orient="row")
    frame.write_parquet(path) if parquet else frame.write_csv(path)
    cut: dict[str, Any] = {
        "context": context,
        "horizon": horizon,
        "stride": stride,
        "points": "last" if last else "all",
    }
    sets = windows(path, time=None, target=["y", "x"], rows=[0.5, 0.25, 0.25], **cut).load(0)
    bounds = np.round(np.cumsum([0, 0.5, 0.25, 0.25]) * len(values)).astype(int)
    for part, start, end in zip(parts(sets), bounds[:-1], bounds[1:], strict=True):
        contexts, targets = [], []
        for first in range(max(start, context), end, stride):
            if first + horizon <= end:
                contexts.append(values[first - context : first])
                ahead = values[first + horizon - 1 : first + horizon] if last else values[first : first + horizon]
                targets.append([number for x, y in ahead for number in (y, x)])
        batch = whole(part)
        assert batch.inputs.tolist() == [[list(step) for step in each] for each in contexts]
        assert batch.targets.tolist() == targets


@pytest.mark.parametrize(
    ("settings", "counts"),
    [
        ({}, [70 - 4, 10, 20]),
        ({"rows": [0.8, 0.1, 0.1]}, [76, 10, 10]),
        ({"rows": [50, 20, 10]}, [46, 20, 10]),
        ({"stride": 2}, [33, 5, 10]),
    ],
)
def test_rows_are_counts_or_shares(write: Callable[..., Path], settings: dict[str, Any], counts: list[int]) -> None:
    assert [len(part) for part in parts(windows(write(LINES), **settings).load(0))] == counts


def test_files_and_columns_may_be_the_split(write: Callable[..., Path]) -> None:
    path = write(LINES)
    write(LINES[50:70], "test.csv")
    assert [len(part) for part in parts(windows(path, test="test.csv").load(0))] == [88 - 4, 12, 16]
    sides = ["train"] * 60 + ["val"] * 20 + ["test"] * 20
    told = path.with_name("b.csv")
    told.write_text("\n".join(["date,x,y,s", *(f"{line},{side}" for line, side in zip(LINES, sides, strict=True)), ""]))
    assert [len(part) for part in parts(windows(told, split="s").load(0))] == [56, 20, 20]
    told.write_text(
        "\n".join(["date,x,y,s", *(f"{line},{side}" for line, side in zip(LINES, sides[::-1], strict=True)), ""])
    )
    with pytest.raises(WrongInput, match=r"b\.csv, line 2: the column 's' has to say train, then val"):
        windows(told, split="s").load(0)


def test_errors_are_told_in_deviations_of_the_training_rows_too(write: Callable[..., Path]) -> None:
    data = load_data(windows(write(LINES), rows=[60, 20, 20], horizon=2), Loading(), seed=0)
    deviation = float(np.std(np.arange(60.0) ** 2))
    assert data.spec.scaled_by == pytest.approx((deviation, deviation))
    scores = ValueScores(data.spec.width, data.spec.scaled_by)
    batch = whole(data.val)
    found = scores.summary(scores.measure(batch.targets + deviation, batch))
    assert found["rmse"] == pytest.approx(deviation)
    assert found["scaled/rmse"] == pytest.approx(1)
    assert found["scaled/mae"] == pytest.approx(1)
    assert {*found} == {*scores.names}


def test_a_change_is_learnt_from_the_last_row_and_told_as_a_value(write: Callable[..., Path]) -> None:
    data = load_data(windows(write(LINES), target=["y", "x"], horizon=2, forecast="change"), Loading(), seed=0)
    assert data.change is not None
    assert data.change.tolist() == [1, 0, 1, 0]
    batch = whole(data.train)
    last = batch.inputs[:, -1][:, data.change]
    assert data.target_statistics is not None
    torch.testing.assert_close(data.target_statistics.mean, (batch.targets - last).mean(0))
    assert data.statistics is not None
    torch.testing.assert_close(data.statistics.mean, (batch.inputs - batch.inputs[:, -1:]).mean((0, 1)))


class _Sum(torch.nn.Module):
    """(B, T, 1) -> the sum over time, (B, 1)."""

    def forward(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        return outputs.sum(1)


class _Same(torch.nn.Module):
    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        return inputs, lengths


def test_a_network_of_changes_sees_its_inputs_relative_to_the_last_step() -> None:
    change = Change(torch.tensor([0]))
    scale = Statistics(torch.tensor([1.0]), torch.tensor([2.0]))
    network = Network(Normalize(scale), _Same(), _Sum(), Rescale(scale), change)
    inputs = torch.tensor([[3.0, 5, 9], [2, 4, 0]])[:, :, None]
    # ((3-9) + (5-9) + 0 - 3*1) / 2 * 2 + 1 + 9, and of the second without its padding ((2-4) + 0 - 2*1) / 2 * 2 + 1 + 4
    assert network(inputs, torch.tensor([3, 2])).tolist() == [[-3], [1]]
    assert not can_step(network, features=1)


def test_gaps_are_filled_from_the_context_alone(write: Callable[..., Path]) -> None:
    lines = [*LINES]
    lines[10] = lines[10].rsplit(",", 1)[0] + ","
    with pytest.raises(WrongInput, match=r"a\.csv, line 12, column 'y' has no value"):
        windows(write(lines)).load(0)
    train = windows(write(lines), missing="interpolate").load(0).train
    names = list(train.names or ())
    assert "a.csv:11" not in names  # whose target is missing
    assert len(names) == 65
    batch = whole(train)
    assert batch.inputs[names.index("a.csv:12"), -1].tolist() == [10, 81]  # held, since what follows is to come
    assert batch.inputs[names.index("a.csv:13"), -2].tolist() == [10, (81 + 121) / 2]
    marked = windows(write(lines), missing="indicator").load(0).train
    assert whole(marked).inputs[names.index("a.csv:12"), -1].tolist() == [10, 0, 0, 1]


@pytest.mark.parametrize(
    ("change", "settings", "reason"),
    [
        (
            {20: "2020-01-01 05:00,1,2"},
            {},
            r"line 22, column 'date' is 2020-01-01 05:00, not later than the row before",
        ),
        ({20: "2020-01-01 20:00,1,two"}, {}, "line 22, column 'y' is 'two', no number"),
        ({20: "2020-01-01 20:00,1"}, {}, "line 22 has 2 cells"),
        ({}, {"target": "z"}, r"target is z, but .*it has date, x, y"),
        ({}, {"context": 80}, r"lines 2 to 71 are the train set, too few for a window of context 80"),
        ({}, {"horizon": 11}, r"lines 72 to 81 are the val set, too few"),
        ({}, {"rows": [90, 20, 10]}, "rows are 90, 20, 10 but .* has 100"),
    ],
)
def test_what_cannot_be_cut_is_named(
    write: Callable[..., Path], change: dict[int, str], settings: dict[str, Any], reason: str
) -> None:
    lines = [change.get(number, line) for number, line in enumerate(LINES)]
    with pytest.raises(WrongInput, match=reason):
        windows(write(lines), **settings).load(0)


def test_gaps_in_time_are_told(write: Callable[..., Path], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "seqtrain"):
        windows(write(LINES[:30] + LINES[33:])).load(0)
    assert "a.csv: read 97 rows, 2 features" in caplog.text
    assert "a.csv, line 32 comes after another time than most rows do (1 such gaps)" in caplog.text


def test_a_file_that_is_cut_is_refused_wherever_it_is_cut(write: Callable[..., Path]) -> None:
    path = write(LINES)
    text = path.read_text()
    for place in range(0, len(text), len(text) // 50):
        if not text[:place].endswith("\n"):
            path.write_text(text[:place])
            with pytest.raises(WrongInput, match=r"a\.csv"):
                windows(path).load(0)


def test_every_row_with_a_context_can_be_predicted_from(write: Callable[..., Path]) -> None:
    data = windows(write(LINES), stride=5)
    items = list(data.read_inputs(write(LINES[:7], "new.csv")))
    assert [name for name, _ in items] == [f"2020-01-01 0{hour}:00" for hour in range(3, 7)]
    assert torch.equal(torch.as_tensor(items[-1][1])[:, 0], torch.arange(3.0, 7.0))  # type: ignore[arg-type]
    named = windows(write(LINES), time=None, features=["x"], target="y").read_inputs(io.StringIO("x\n1\n2\n3\n4\n5\n"))
    assert [(name, steps.shape) for name, steps in named if isinstance(steps, Tensor)] == [
        ("line:5", (4, 1)),
        ("line:6", (4, 1)),
    ]
    gap = [*LINES[:3], "2020-01-01 03:00,,9", *LINES[4:9]]
    found = dict(data.read_inputs(write(gap, "new.csv")))
    assert [isinstance(steps, WrongInput) for steps in found.values()] == [True] * 4 + [False] * 2
    with pytest.raises(WrongInput, match="has 3 rows, fewer than the 4 of a context"):
        list(data.read_inputs(write(LINES[:3], "new.csv")))


def test_a_trained_forecast_is_loaded_and_predicts_values(write: Callable[..., Path], tmp_path: Path) -> None:
    lines = [f"{line.rsplit(',', 1)[0]},{1000 + np.sin(n)}" for n, line in enumerate(LINES)]
    settings = ["layout=windows", "target=y", "features=[y]", "context=6", "forecast=change", f"train={write(lines)}"]
    result = trained(
        tmp_path / "run",
        "data=table",
        *(f"data.{each}" for each in settings),
        "task=regression",
        "model=linear",
        *QUICK,
    )
    assert {"test/rmse", "test/scaled/rmse"} <= {*result["metrics"]}
    values = load(tmp_path / "run").predict([np.array([[1000.0]] * 6, dtype=np.float32)]).values
    assert values is not None
    assert abs(float(values[0][0]) - 1000) < 10


def test_the_last_value_of_etth1_is_off_by_what_is_known(data_root: Path) -> None:
    if not (data_root / "timeseries" / "csv" / "ETTh1.csv").is_file():
        pytest.skip(f"no ETTh1.csv in {data_root}")
    table = Table(
        train="ETTh1.csv",
        folder="timeseries/csv",
        root=str(data_root),
        layout="windows",
        target="OT",
        time="date",
        horizon=24,
        points="last",
        rows=[8640, 2880, 2880],
    )
    sets = table.load(0)
    assert [len(part) for part in parts(sets)] == [8640 - 96 - 23, 2880 - 23, 2880 - 23]
    batch = whole(parts(sets)[2])
    errors = (batch.inputs[:, -1, 6] - batch.targets[:, 0]) / sets.scaled_by[0]
    assert float(errors.square().mean().sqrt()) == pytest.approx(0.2145, abs=5e-5)


def test_windows_that_carry_a_state_begin_where_the_one_before_ends(write: Callable[..., Path]) -> None:
    settings = {"stride": 4, "rows": [60, 20, 20], "features": ["x"], "carry_state": True}
    sets = windows(write(LINES), **settings).load(0)
    for part, first in zip(parts(sets), (0, 56, 76), strict=True):  # contexts reach back
        steps = whole(part).inputs[:, :, 0].flatten().tolist()
        assert steps == [*range(first, first + len(steps))]
        assert part.series is not None
        assert part.series.tolist() == [0] * len(part)
    assert parts(windows(write(LINES), stride=4).load(0))[0].series is None


def test_a_window_that_is_left_out_ends_a_series(write: Callable[..., Path]) -> None:
    lines = [*LINES]
    lines[16] = "2020-01-01 16:00,16,"  # the value after the fourth window
    settings = {"stride": 4, "features": ["x"], "carry_state": True, "missing": "interpolate"}
    train = windows(write(lines), **settings).load(0).train
    assert train.series is not None
    assert whole(train).inputs[:5, 0, 0].tolist() == [0, 4, 8, 16, 20]
    assert train.series.tolist() == [0] * 3 + [1] * (len(train) - 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "stride is 1 and context 4, .*: set data.stride=4"),
        ({"stride": 4, "forecast": "change"}, "forecast is change, .*: set data.forecast=value"),
        ({"context": 96, "layout": "wide"}, "carry_state is True but layout is wide: set data.layout=windows"),
    ],
)
def test_windows_that_could_not_carry_a_state_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(WrongInput, match=message):
        Table(**{"train": "a.csv", "layout": "windows", "target": "y", "context": 4, "carry_state": True, **settings})
