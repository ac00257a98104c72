"""Runs are compared with runs of the same data."""

from pathlib import Path

import pytest
from made_runs import make_run

from seqtrain.comparison.by_data import by_data
from seqtrain.comparison.runs import Run, read_run

TS = {"data._target_": "seqtrain.datasets.ts.Ts", "data.folder": "timeseries"}


def made(folder: Path, *settings: dict[str, object], option: str | None = None) -> list[Run]:
    chosen = {} if option is None else {"chosen": {"data": option}}
    return [read_run(make_run(folder / str(place), each, **chosen)) for place, each in enumerate(settings)]


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ([{}, {"seed": 1}, {"data.noise": 0.1}], ["mel"]),
        ([TS, {}], ["ts", "mel"]),
        ([TS | {"data.name": "A"}], ["ts A"]),
        ([TS | {"data.name": "A"}, TS | {"data.name": "B"}, {}], ["ts A", "ts B", "mel"]),
        ([{}, {"data.folder": "other"}], ["mel", "mel other"]),
        ([{"data.target": ["a", "b"]}, {"data.target": "a"}], ["mel ['a', 'b']", "mel a"]),
        ([{}, {"task._target_": "seqtrain.tasks.Regression"}], ["mel Classification", "mel Regression"]),
        ([{"data.horizon": 1}, {"data.horizon": 24}], ["mel 1", "mel 24"]),
        ([{}, {"data._target_": "mine.Mel"}], ["mel 1", "mel 2"]),
    ],
)
def test_each_data_set_has_a_name_of_its_own(tmp_path: Path, settings, names: list[str]) -> None:  # type: ignore[no-untyped-def]
    runs = made(tmp_path, *settings)
    assert list(by_data(runs)) == names
    assert [run for each in by_data(runs).values() for run in each] == runs


def test_the_option_that_chose_the_data_names_it(tmp_path: Path) -> None:
    assert list(by_data(made(tmp_path, {}, {"data.name": "x"}, option="sounds"))) == ["sounds", "sounds x"]


def test_what_cannot_be_read_is_of_no_data_set(tmp_path: Path) -> None:
    runs = made(tmp_path, {}, {})
    (tmp_path / "0" / ".hydra" / "config.yaml").write_text("{")
    assert by_data([read_run(tmp_path / "0"), runs[1]]) == {"mel": [runs[1]]}


def test_a_folder_is_one_however_it_is_typed(tmp_path: Path) -> None:
    assert len(by_data(made(tmp_path, {"data.folder": "a/b"}, {"data.folder": "a/./b/"}))) == 1
