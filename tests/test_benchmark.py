"""The benchmark compares like with like: all sides train the same, and it fails where they do not."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
TINY = ("model=gru", "model.hidden=8", "data=sincos", "data.batch_size=32", "data.train_size=96", "data.length=20")
TINY += ("data.val_size=8", "data.test_size=64")


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> tuple[Callable[..., dict[str, Any]], Any]:
    """What measures a case, and a tiny one."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from benchmarks.cases import CASES
    from benchmarks.compare import measure

    return measure, replace(CASES["lstm"], name="tiny", settings=TINY)


def test_both_sides_train_the_same(benchmarks: Any) -> None:
    measure, tiny = benchmarks
    found = measure(tiny, sides=("seqtrain", "bare"))
    assert found["loss"]["seqtrain"] == pytest.approx(found["loss"]["bare"], rel=1e-4)
    assert min(found["memory"].values()) > 100
    for part in ("training", "evaluation", "prediction"):
        assert found[part]["cpu µs"].keys() == {"seqtrain", "bare"}
        least, middle, most = found[part]["cpu ratio"]["seqtrain"]
        assert 0 < least <= middle <= most


def more_than(loss: Callable[..., Any], *batch: Any) -> Any:
    return 1.001 * loss(*batch)


def test_a_bare_loop_that_trains_something_else_is_found(benchmarks: Any) -> None:
    measure, tiny = benchmarks
    from benchmarks.compare import Disagree

    other = replace(tiny, loss=partial(more_than, tiny.loss))
    with pytest.raises(Disagree, match=r"the loss of update \d+ is 0\.1% from the bare loop's"):
        measure(other, sides=("seqtrain", "bare"))


def test_a_case_takes_more_settings(benchmarks: Any) -> None:
    _, tiny = benchmarks
    more = tiny.with_settings("model.hidden=5")
    assert more.config.model.hidden == 5
    assert tiny.config.model.hidden == 8
