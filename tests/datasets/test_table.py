"""Series and sequences of tables, wide and long."""

import io
import logging
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from composing import QUICK, composed, trained
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from seqtrain.build import prepare
from seqtrain.datasets.table import Table
from seqtrain.errors import WrongInput
from seqtrain.loading import Loading, load_data
from seqtrain.sequences import Sequences

WIDE = "label,who,t0,t1,t2\n" + "".join(f"{'ab'[n % 2]},p{n // 4},{n},{n}.5,{-n}\n" for n in range(40))
LONG = "name,t,x,y,label\n" + "".join(f"s{n},{t},{n * t},{t}.5,{'ab'[n % 2]}\n" for n in range(20) for t in range(5))
NUMBERS = st.floats(-1e6, 1e6, width=32)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def made(text: str, name: str = "train.csv") -> Path:
        (tmp_path / name).write_text(text, newline="")
        return tmp_path / name

    return made


def wide(path: Path, **settings: Any) -> Table:
    return Table(train=path.name, root=str(path.parent), **{"target": "label", **settings})


def long(path: Path, **settings: Any) -> Table:
    return wide(path, **{"layout": "long", "id": "name", "time": "t", **settings})


def steps(part: Sequences, index: int) -> list[list[float]]:
    batch = part.batch(torch.tensor([index]))
    found: list[list[float]] = batch.inputs[0].tolist()
    return found


def test_a_row_of_a_wide_table_is_a_series(write: Callable[..., Path], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "seqtrain"):
        sets = wide(write(WIDE), group="who").load(0)
    assert "train.csv: read 40 sequences of 3 steps in the columns t0 to t2, 1 feature\n" in caplog.text
    assert (sets.predicts, sets.classes, sets.test_fraction) == ("classes", ("a", "b"), 0.2)
    assert steps(sets.train, 3) == [[3], [3.5], [-3]]
    assert sets.train.targets[:4].tolist() == [0, 1, 0, 1]
    assert sets.train.name(3) == "train.csv:5"
    assert sets.train.groups is not None
    assert list(sets.train.groups[:5]) == ["p0", "p0", "p0", "p0", "p1"]


def test_empty_cells_at_the_end_make_a_series_shorter(write: Callable[..., Path]) -> None:
    sets = wide(write("a,label,b,c\n1,x,,\n1,y,2,\n1,x,2,3\n1,y,,3\n"), missing="interpolate").load(0)
    assert sets.train.lengths.tolist() == [1, 2, 3, 3]
    assert steps(sets.train, 3) == [[1], [2], [3]]


def test_the_rows_of_an_id_in_order_of_time_are_a_sequence(write: Callable[..., Path]) -> None:
    header, *lines = LONG.splitlines()
    random.Random(0).shuffle(lines)
    sets = long(write("\n".join([header, *lines, ""]))).load(0)
    straight = long(write(LONG)).load(0)
    order = [list(straight.train.names or ()).index(name) for name in sets.train.names or ()]
    assert steps(straight.train, 3) == [[0, 0.5], [3, 1.5], [6, 2.5], [9, 3.5], [12, 4.5]]
    assert straight.train.name(3) == "s3"
    for place, other in enumerate(order):
        assert steps(sets.train, place) == steps(straight.train, other)
        assert sets.train.targets[place] == straight.train.targets[other]


def test_every_step_may_have_a_target(write: Callable[..., Path]) -> None:
    text = "name,t,x,label,v\na,0,1,up,0.5\na,1,2,down,1.5\nb,0,3,up,\nb,1,4,,2\n"
    settings: dict[str, Any] = {"missing": "interpolate", "features": ["x"], "test_fraction": 0.0}
    tagged = long(write(text), predicts="step_classes", **settings).load(0).train
    assert tagged.per_step
    assert tagged.targets.tolist()[:3] == [1, 0, 1]
    assert tagged.scored is not None
    assert tagged.scored.tolist() == [True, True, True, False]
    valued = long(write(text), predicts="step_values", target="v", **settings).load(0)
    assert (valued.predicts, valued.scale_targets) == ("step_values", True)
    assert valued.train.targets.tolist() == [[0.5], [1.5], [0], [2]]
    with pytest.raises(WrongInput, match=r"line 5 has no target in its column 'label' \(1 missing in all\)"):
        long(write(text), predicts="step_classes", features=["x"]).load(0)


def test_values_may_be_several(write: Callable[..., Path]) -> None:
    sets = wide(write("u,v,t0,t1\n1,-2,3,4\n5,6,7,8\n"), target=["v", "u"], predicts="values").load(0)
    assert sets.train.targets.tolist() == [[-2, 1], [6, 5]]
    assert (sets.classes, sets.scale_targets) == ((), True)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    series=st.lists(st.lists(NUMBERS, min_size=1, max_size=6), min_size=2, max_size=9),
    form=st.sampled_from(["csv", "tsv", "parquet"]),
)
def test_random_wide_tables_are_read_back(tmp_path: Path, series: list[list[float]], form: str) -> None:
    longest = max(map(len, series))
    rows = [[f"c{n % 2}", *values, *[None] * (longest - len(values))] for n, values in enumerate(series)]
    frame = pl.DataFrame(rows, schema=["label", *(f"t{t}" for t in range(longest))], orient="row")
    _write(frame, tmp_path / f"a.{form}")
    train = wide(tmp_path / f"a.{form}").load(0).train
    assert [steps(train, n) for n in range(len(series))] == [[[value] for value in values] for values in series]
    assert train.targets.tolist() == [n % 2 for n in range(len(series))]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    series=st.lists(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=6), min_size=2, max_size=6),
    form=st.sampled_from(["csv", "tsv", "parquet"]),
    seed=st.integers(0, 9),
)
def test_random_long_tables_are_read_back(
    tmp_path: Path, series: list[list[tuple[float, float]]], form: str, seed: int
) -> None:
    rows = [(f"s{n}", t, x, y, f"c{n % 2}") for n, each in enumerate(series) for t, (x, y) in enumerate(each)]
    random.Random(seed).shuffle(rows)
    _write(pl.DataFrame(rows, schema=["name", "t", "x", "y", "label"], orient="row"), tmp_path / f"a.{form}")
    train = long(tmp_path / f"a.{form}").load(0).train
    found = {train.name(n): steps(train, n) for n in range(len(train))}
    assert found == {f"s{n}": [list(step) for step in each] for n, each in enumerate(series)}
    together = pl.DataFrame(sorted(rows), schema=["name", "t", "x", "y", "label"], orient="row")
    _write(together, tmp_path / f"a.{form}")
    items = dict(long(tmp_path / f"a.{form}").read_inputs(tmp_path / f"a.{form}"))
    assert {name: item.tolist() for name, item in items.items() if isinstance(item, Tensor)} == found


def _write(frame: pl.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        frame.write_csv(path, separator="\t" if path.suffix == ".tsv" else ",")


def test_a_column_may_say_the_split(write: Callable[..., Path]) -> None:
    lines = [f"{'ab'[n % 2]},{['training', 'dev', 'TEST'][n // 2 % 3]},{n},1" for n in range(12)]
    sets = wide(write("\n".join(["label,part,t0,t1", *lines, ""])), split="part").load(0)
    assert sets.val is not None
    assert sets.test is not None
    assert [len(part) for part in (sets.train, sets.val, sets.test)] == [4, 4, 4]
    assert sets.test.names == tuple(f"train.csv:{line}" for line in (6, 7, 12, 13))
    assert sets.test_fraction == 0


def test_files_may_be_the_split(write: Callable[..., Path]) -> None:
    path = write(WIDE)
    write("label,who,t0,t1,t2\nb,q,1,2,3\n", "test.csv")
    write("label,who,t0,t1,t2\na,q,1,2,4\n", "val.csv")
    sets = wide(path, test="test.csv", val="val.csv", group="who").load(0)
    assert sets.val is not None
    assert sets.test is not None
    assert (len(sets.train), sets.val.name(0), sets.test.targets.tolist()) == (40, "val.csv:2", [1])
    with pytest.raises(WrongInput, match="the group 'q' is on two sides"):
        load_data(wide(path, test="test.csv", val="val.csv", group="who"), Loading(), seed=0)


def test_what_is_missing_is_refused_or_filled(write: Callable[..., Path]) -> None:
    text = LONG.replace("s3,2,6,2.5", "s3,2,NaN,2.5")
    with pytest.raises(WrongInput, match=r"train\.csv, line 19, column 'x' has no value .*data.missing=interpolate"):
        long(write(text)).load(0)
    assert steps(long(write(text), missing="interpolate").load(0).train, 3) == steps(long(write(LONG)).load(0).train, 3)
    marked = long(write(text), missing="indicator").load(0)
    assert steps(marked.train, 3)[2] == [0, 2.5, 1, 0]
    assert marked.normalize is not None
    assert marked.normalize(marked.train).mean[2:].tolist() == [0, 0]
    with pytest.raises(WrongInput, match=r"train\.csv, line 3, column 't1'"):
        wide(write("label,t0,t1,t2\na,1,2,3\nb,1,NA,3\n")).load(0)


def test_a_series_may_be_seen_on_its_own_scale(write: Callable[..., Path]) -> None:
    sets = wide(write("label,t0,t1\na,1,3\nb,-100,100\na,5,5\n"), normalize="series").load(0)
    assert [steps(sets.train, n) for n in range(3)] == [[[-1], [1]], [[-1], [1]], [[0], [0]]]
    assert sets.normalize is None


@pytest.mark.parametrize(
    ("text", "settings", "reason"),
    [
        (WIDE, {"target": "lable"}, r"target is lable, .*did you mean label\? \(it has label, who, t0, t1, t2\)"),
        (WIDE, {"features": ["t0", "t4"]}, "features is t4, .*it has label, who, t0"),
        (WIDE, {}, "line 2, column 'who' is 'p0', no number.*data\\.features=\\[t0,t1,t2\\]\\. .*data\\.group"),
        (WIDE, {"id": "who"}, r"line 3, column 'who' is 'p0' as in a row before, .*set data\.layout=long"),
        (WIDE, {"time": "t0"}, r"set data\.layout=long .*data\.layout=windows .*data\.time=null"),
        (WIDE, {"group": "wh"}, "group is wh, .*did you mean who"),
        (WIDE, {"features": ["t0"], "target": "t1"}, "looks like a value: set data.predicts=values task=regression"),
        ("label,t0\n", {}, "has a header and no rows"),
        ("label\na\n", {}, "none is left to learn from"),
        ("label,t0\na,1\na,2\n", {}, "the label 'a' only: two classes are the least"),
        ("label,t0\na,1\n,2\n", {}, r"line 3, column 'label' is empty"),
        ("label,t0\na,1\nb,\n", {}, r"line 3 has no values"),
        ("label,t0\n1,1\n,2\n", {"predicts": "values"}, "line 3, column 'label' has no value to predict"),
        ("label,t0,s\na,1,train\nb,2,tset\n", {"split": "s"}, "line 3 says split 'tset'"),
        ("label,t0,s\na,1,test\nb,2,val\n", {"split": "s"}, "nothing to train on"),
        (
            "label,t0,s\na,1,train\nb,2,train\nc,3,test\n",
            {"split": "s"},
            r"train\.csv, line 4 has the label 'c', which nothing in the training set has",
        ),
    ],
)
def test_what_a_wide_table_cannot_be_is_named(
    write: Callable[..., Path], text: str, settings: dict[str, Any], reason: str
) -> None:
    with pytest.raises(WrongInput, match=reason):
        wide(write(text), **settings).load(0)


def test_a_clock_that_is_learnt_from_is_told(write: Callable[..., Path], caplog: pytest.LogCaptureFixture) -> None:
    path = write(LONG)
    long(path, features=["x"]).load(0)
    long(path, time=None, features=["x"]).load(0)  # n t, and 0 in the first sequence
    assert "grows" not in caplog.text
    long(path, time=None, features=["x", "t"]).load(0)
    assert f"{path}: learns from 't', which grows at every step: if it says when, set data.time=t" in caplog.text


@pytest.mark.parametrize(
    ("change", "settings", "reason"),
    [
        (("s2,3,", "s2,2,"), {}, r"line 15 has the same name \(s2\) and t as line 14"),
        (
            ("s2,3,6,3.5,a", "s2,3,6,3.5,b"),
            {},
            r"line 15 has 'b' in its column 'label', but line 12 of the same.*step_cl",
        ),
        (("s2,3,", ",3,"), {}, "line 15, column 'name' is empty"),
        (("s2,3,", "s2,x,"), {}, "line 15, column 't' is 'x', neither a number nor a date"),
        (("s2,3,6", "s2,3,six"), {}, "line 15, column 'x' is 'six', no number"),
        (("s2,3,6", "s2,3,1e30"), {}, r"line 15, column 'x' is '1e30', beyond 1e\+15"),
        (("s2,3,6", "s2,3,inf"), {}, "line 15, column 'x' is 'inf', beyond"),
        (("s2,3,6,", "s2,3,"), {}, "line 15 has 4 cells, but the header has 5"),
        (("x,y", "x,z"), {"features": ["x", "y"]}, "features is y, "),
        (("name", "nome"), {}, "id is name, .*did you mean nome"),
    ],
)
def test_what_a_long_table_cannot_be_is_named(
    write: Callable[..., Path], change: tuple[str, str], settings: dict[str, Any], reason: str
) -> None:
    assert change[0] in LONG
    with pytest.raises(WrongInput, match=reason):
        long(write(LONG.replace(*change, 1)), **settings).load(0)


def test_a_test_file_has_to_be_like_the_training_file(write: Callable[..., Path]) -> None:
    path = write(WIDE)
    for text, reason in (
        ("label,who,t0,t1\na,p,1,2\n", r"test\.csv has no column 't2' .*unlike .*train\.csv"),
        ("label,who,t0,t1,t2,t3\na,p,1,2,3,4\n", r"test\.csv has a column 't3'"),
        ("label,who,t2,t1,t0\na,p,1,2,3\n", r"test\.csv has columns in another order"),
        ("label,who,t0,t1,t2\nc,p,1,2,3\n", r"test\.csv, line 2 has the label 'c'"),
        ("lable,who,t0,t1,t2\na,p,1,2,3\n", r"target is label, but .*test\.csv has no such column"),
    ):
        write(text, "test.csv")
        with pytest.raises(WrongInput, match=reason):
            wide(path, test="test.csv", group="who").load(0)


@pytest.mark.parametrize(("text", "layout"), [(WIDE, "wide"), (LONG, "long")])
def test_a_file_that_is_cut_is_refused_wherever_it_is_cut(write: Callable[..., Path], text: str, layout: str) -> None:
    settings = {"group": "who"} if layout == "wide" else {}
    for place in range(0, len(text), len(text) // 50):
        if not text[:place].endswith("\n"):
            with pytest.raises(WrongInput, match=r"train\.csv"):
                (wide if layout == "wide" else long)(write(text[:place]), **settings).load(0)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"target": []}, r"target is \[\]"),
        ({"target": ["a", "b"]}, "a class is in one"),
        ({"features": ["a", "a"]}, "features are"),
        ({"layout": "long"}, "id is null"),
        ({"predicts": "step_classes"}, "layout is wide"),
        ({"horizon": 3}, "horizon is 3 but layout is wide: set data.layout=windows"),
        ({"rows": [1, 2, 3]}, "rows are given but layout is wide"),
        ({"time": "t"}, "time is t but layout is wide"),
        ({"split": "s", "test": "a.csv"}, "split is s and test has a file"),
        ({"group": "label"}, "group is label, which is a target"),
        ({"layout": "windows", "predicts": "classes"}, "which predicts values"),
        ({"layout": "windows", "id": "a"}, "one series"),
        ({"layout": "windows", "rows": [0.5, 0.5]}, "rows has 2 numbers"),
        ({"layout": "windows", "rows": [1, 1, 1], "split": "s"}, "split is s and rows are given"),
        ({"layout": "windows", "normalize": "series"}, "normalize is series"),
        ({"layout": "windows", "forecast": "change", "features": ["a"]}, "features leave out label"),
        ({"layout": "windows", "forecast": "change", "missing": "indicator"}, "missing is indicator"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_at_once(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(WrongInput, match=reason):
        Table(train="a.csv", **{"target": "label", **settings})


def test_a_missing_file_is_named_with_what_is_there(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(WIDE)
    with pytest.raises(WrongInput, match=r"train is trian.csv, but there is no file .*that folder holds train.csv"):
        Table(train="trian.csv", root=str(path.parent), target="label").load(0)
    monkeypatch.chdir(path.parent)
    with pytest.raises(WrongInput, match=r"which is here and not in .*set data.root=\. data.folder=\."):
        Table(train="train.csv", target="label").load(0)


def test_inputs_to_predict_are_read_one_by_one(write: Callable[..., Path]) -> None:
    data = wide(write(WIDE), features=None)
    text = "t0,t1,t2\n1,2,\n1,x,3\n1,2\n,5,6\n7,8,9\n"
    items = dict(data.read_inputs(write(text, "new.csv")))
    assert list(items) == [f"new.csv:{line}" for line in range(2, 7)]
    assert [type(item) for item in items.values()] == [Tensor, WrongInput, WrongInput, WrongInput, Tensor]
    assert "line 3, column 't1' is 'x'" in str(items["new.csv:3"])
    assert next(iter(data.read_inputs(io.StringIO(text))))[0] == "line:2"
    assert [name for name, _ in wide(write(WIDE), id="who", features=["t0"]).read_inputs(write(WIDE))][:5] == [
        *["p0"] * 4,
        "p1",
    ]


def test_sequences_to_predict_are_read_one_by_one(write: Callable[..., Path]) -> None:
    data = long(write(LONG))
    text = "name,t,x,y\nb,1,3,4\nb,0,1,2\na,0,5,x\nc,0,6,7\n"
    items = dict(data.read_inputs(write(text, "new.csv")))
    assert list(items) == ["b", "a", "c"]
    assert isinstance(items["b"], Tensor)
    assert items["b"].tolist() == [[1, 2], [3, 4]]
    assert "line 4, column 'y'" in str(items["a"])
    apart = write(text + "b,2,1,1\n", "new.csv")
    with pytest.raises(WrongInput, match="line 6 is of 'b', of which there were rows before"):
        next(iter(data.read_inputs(apart)))
    with pytest.raises(WrongInput, match="sort the file"):
        list(data.read_inputs(io.StringIO(apart.read_text())))


@pytest.mark.parametrize(("gone", "told"), [("name", "id is name"), ("t", "time is t"), ("x", "features is x")])
def test_a_column_that_sequences_to_predict_need_is_told(write: Callable[..., Path], gone: str, told: str) -> None:
    data = long(write(LONG), features=["x", "y"])
    text = "name,t,x,y\na,0,1,2\n".replace(gone, gone + "?", 1)
    for source in (write(text, "new.csv"), io.StringIO(text)):
        with pytest.raises(WrongInput, match=rf"{told}, but .* has no such column"):
            next(iter(data.read_inputs(source)))


def test_reading_a_long_file_takes_no_more_memory(write: Callable[..., Path]) -> None:
    data = long(write(LONG))

    class Endless(io.StringIO):
        """A header, and then sequences for ever."""

        sent = 0

        def read(self, size: int | None = -1) -> str:
            self.sent += 1
            return "".join(["name,t,x,y\n"] * (self.sent == 1) + [f"s{self.sent}_{n},0,1,2\n" for n in range(100)])

    endless = Endless()
    items = data.read_inputs(endless)
    assert next(name for count, (name, _) in enumerate(items) if count == 250) == "s3_50"
    assert endless.sent <= 4


def test_training_works_on_steps_of_a_long_table(write: Callable[..., Path], tmp_path: Path) -> None:
    path = write(LONG)
    settings = ["layout=long", "id=name", "time=t", "target=label", "predicts=step_classes"]
    result = trained(
        tmp_path / "run",
        "data=table",
        f"data.train={path}",
        *(f"data.{each}" for each in settings),
        "task=step_classification",
        "model=gru",
        *QUICK,
    )
    assert result["status"] == "completed"
    assert "test/accuracy" in result["metrics"]


@pytest.fixture(scope="session")
def tables(data_root: Path) -> Path:
    if not (data_root / "timeseries" / "csv").is_dir():
        pytest.skip(f"no tables in {data_root}")
    return data_root / "timeseries" / "csv"


def test_real_wide_tables_have_the_published_counts(tables: Path) -> None:
    power = Table(
        train="ItalyPowerDemand_TRAIN_wide_converted.csv",
        test="ItalyPowerDemand_TEST_wide_converted.csv",
        root=str(tables),
        target="label",
    ).load(0)
    assert power.test is not None
    assert (len(power.train), len(power.test), power.train.longest, power.classes) == (67, 1029, 24, ("1", "2"))


def test_a_real_long_table_is_the_same_as_its_ts_file(tables: Path) -> None:
    from seqtrain.datasets.ts import Ts

    motions = Table(
        train="BasicMotions_TRAIN_long_converted.csv",
        test="BasicMotions_TEST_long_converted.csv",
        root=str(tables),
        layout="long",
        id="id",
        time="t",
        target="label",
    ).load(0)
    published = Ts(folder="BasicMotions", root=str(tables.parent / "ts")).load(0)
    assert [label.lower() for label in motions.classes] == [label.lower() for label in published.classes]
    for one, other in ((motions.train, published.train), (motions.test, published.test)):
        assert one is not None
        assert other is not None
        assert torch.equal(one.steps, other.steps)
        assert torch.equal(one.targets, other.targets)


@pytest.mark.parametrize("source", ["table", "experiment"])
def test_covid_is_read_as_published(source: str, tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQTRAIN_DATA", str(tables.parents[1]))
    files = [f"data.{which.lower()}=Covid3Month_{which}_wide_converted.csv" for which in ("TRAIN", "TEST")]
    table = ["data=table", "data.folder=timeseries/csv", *files, "data.target=target", "data.predicts=values"]
    node = composed(*(table if source == "table" else ["experiment=series_regression"])).data
    settings = {key: value for key, value in node.items() if key not in vars(Loading())}
    sets = prepare(settings, "data")().load(0)
    assert (len(sets.train), len(sets.test), sets.train.longest) == (140, 61, 84)
    mean = sets.train.targets.mean()
    assert float((sets.test.targets - mean).square().mean().sqrt()) == pytest.approx(0.0447, abs=5e-5)
    assert np.isfinite(sets.train.steps.numpy()).all()
