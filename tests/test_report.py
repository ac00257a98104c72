import logging
import shlex
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from seqtrain.report import _TALKATIVE, closing_table, quiet_libraries

RESULT = {
    "status": "completed",
    "metrics": {"test/loss": 4.2123e-6, "test/r2": 0.99999, "val/loss": 4.6e-6, "val/r2": 1.0},
    "epochs": 40,
    "steps": 2000,
    "best": {"epoch": 36, "step": 1850},
    "seconds": 12.345,
    "parameters": 4513,
}


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "outputs"


def test_the_closing_table_holds_metrics_cost_folder_and_command(outputs: Path) -> None:
    table = closing_table(RESULT, outputs / "runs" / "sincos-lstm" / "2026-01-01_12-00-00")
    lines = [line.split() for line in table.splitlines()]
    assert ["test", "validation"] in lines
    assert ["loss", "4.212e-06", "4.6e-06"] in lines
    assert ["r2", "1", "1"] in lines
    assert ["updates", "2,000,", "best", "at", "1,850"] in lines
    assert ["seconds", "12.3"] in lines
    assert ["parameters", "4,513"] in lines
    assert ["run", "folder", "outputs/runs/sincos-lstm/2026-01-01_12-00-00"] in lines
    assert table.endswith("tensorboard --logdir outputs")
    assert max(map(len, table.splitlines())) <= 80
    assert "status" not in table


def test_a_run_elsewhere_is_opened_by_its_own_folder(outputs: Path) -> None:
    folder = Path("/somewhere/my run")
    command = closing_table(RESULT, folder).splitlines()[-1].removeprefix("look at it  ")
    assert shlex.split(command) == ["tensorboard", "--logdir", str(folder)]
    assert "tensorboard" not in closing_table(RESULT, folder, tensorboard=False)


def test_the_closing_table_says_how_a_run_ended_and_leaves_out_what_is_not_known(outputs: Path) -> None:
    table = closing_table({"status": "diverged", "metrics": {}, "epochs": 3}, outputs)
    assert table.splitlines()[:2] == ["status      diverged", "epochs      3"]


@pytest.fixture
def own_filters() -> Iterator[None]:
    levels = {name: logging.getLogger(name).level for name in _TALKATIVE}
    with warnings.catch_warnings():
        yield
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.usefixtures("own_filters")
def test_tips_are_silenced_and_the_rest_is_heard(capsys: pytest.CaptureFixture[str]) -> None:
    quiet_libraries()
    from pytorch_lightning.utilities.rank_zero import rank_zero_info, rank_zero_warn

    rank_zero_info("💡 Tip: For seamless cloud logging and experiment tracking, try installing [litlogger]")
    rank_zero_warn("The 'train_dataloader' does not have many workers which may be a bottleneck.")
    assert capsys.readouterr().err == ""
    assert not logging.getLogger("pytorch_lightning.utilities.rank_zero").isEnabledFor(logging.INFO)
    with pytest.warns(UserWarning, match="something new"):
        rank_zero_warn("something new")
    assert logging.getLogger("seqtrain").isEnabledFor(logging.ERROR)
    assert logging.getLogger("pytorch_lightning.utilities.rank_zero").isEnabledFor(logging.WARNING)
