"""The sweeps of docs/results.md can be trained, and its tables say what they reached."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from composing import CONFIGS, composed

from seqtrain.parts import prepare_parts

SCRIPTS = CONFIGS.parent / "scripts"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "compared"]:
        del sys.modules[name]


def finished(folder: Path, metric: str, value: float, **words: object) -> None:
    """A run folder as far as the tables read it."""
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "overrides.yaml").write_text(json.dumps([f"{name}={word}" for name, word in words.items()]))
    told = {"status": "completed", "metrics": {f"test/{metric}": value}, "cpu_seconds": 2.5, "parameters": 1500}
    (folder / "result.json").write_text(json.dumps(told))


@pytest.mark.usefixtures("scripts")
def test_every_sweep_is_a_line_that_can_be_trained() -> None:
    from compared.sweeps import read_plan

    plan = read_plan()
    known = {path.stem for path in (CONFIGS / "model").glob("*.yaml")}
    assert {name for models in plan.models for name in models.names} == known
    for sweep in plan.sweeps:
        chosen = [f"{sweep.over}={sweep.sets[0].value}"] if sweep.over else []
        prepare_parts(composed(*sweep.words, *chosen, "model=lstm"))
        assert all(data.source in plan.sources or not data.published or "here" in data.source for data in sweep.sets)


@pytest.mark.usefixtures("scripts")
def test_tables_have_means_intervals_and_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    from compared.figure import accuracy_against_time
    from compared.reached import read_reached
    from compared.sweeps import read_plan
    from compared.tables import mean_of, page

    plan = read_plan()
    sweeps = {sweep.name: sweep for sweep in plan.sweeps}
    for seed, share in enumerate((0.5, 0.6, 0.7)):
        finished(sweeps["digits"].folder / f"lstm{seed}", "accuracy", share, model="lstm", seed=seed)
        for data in sweeps["series"].sets:
            words = {"model": "gru", "seed": seed, "data.name": data.value}
            finished(sweeps["series"].folder / f"{data.value}{seed}", "accuracy", share, **words)
    finished(sweeps["forecast"].folder / "tcn", "scaled/rmse", 0.2, model="tcn", seed=0)
    reached, missing = read_reached(plan)
    told = page(plan, reached, [mean_of(sweeps["series"], reached)])
    assert "| FSDD, official split | – | – | **60.0 ± 24.8** | – |" in told  # 4.303 deviations of 0.1 over sqrt(3)
    assert "| mean of the 10 series | – | – | – | **60.0 ± 24.8** |" in told
    assert "| ETTh1, OT 24 h ahead, scaled RMSE | – | – | – | – | – | – | – | **0.2000** | – |" in told
    assert "FSDD, official split: gru, seed 1" in missing
    assert not [each for each in missing if each.startswith("FSDD, official split: lstm,")]
    assert len(accuracy_against_time(reached[:2], plan).axes) == 2
