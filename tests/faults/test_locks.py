"""A run's folder belongs to one process; what a killed one leaves of its lock does not keep the next one out."""

import random
import time
from pathlib import Path

import pytest
from runs import LSTM, Process, differences, ends, start

REFUSED = "run is in use by another run: wait for it, or choose another folder"


def hold_together(folder: Path, times: int) -> None:
    """Start two in one folder, at once or a little later; one trains, the other is refused."""
    start(folder / "whole", *LSTM).done()
    draws = random.Random(6)
    for number in range(times):
        both = []
        for _ in range(2):
            both.append(start(folder / str(number), *LSTM))
            time.sleep(draws.choice([0, 0, draws.uniform(0, 0.2)]))
        statuses = sorted(str(process.wait()) for process in both)
        assert statuses == ["0", "2"], both[0].told()
        assert both[0].told().count(REFUSED) == 1, both[0].told()
        assert differences(ends(folder / "whole" / "run"), ends(folder / str(number) / "run")) == []
    print(f"\ntwo at once, {times} times: one refused and one equal to the bit each time")


def test_two_runs_in_one_folder(tmp_path: Path) -> None:
    hold_together(tmp_path, 2)


@pytest.mark.faults
def test_two_runs_in_one_folder_often(tmp_path: Path) -> None:
    hold_together(tmp_path, 40)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_that_is_training_cannot_be_resumed_until_it_is_killed(workers: int, tmp_path: Path) -> None:
    place = "before hook on_train_batch_start @7 #1"
    first = start(tmp_path, *LSTM, f"data.workers={workers}", stop_at=place)
    assert first.wait() is None, first.told()
    second = start(tmp_path, "resume=run")
    assert second.wait() == 2
    assert REFUSED in second.told()
    first.end()
    assert (tmp_path / "run" / ".lock").exists()
    third: Process = start(tmp_path, "resume=run")
    assert third.wait() == 0, third.told()
