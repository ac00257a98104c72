"""A run that is killed after a checkpoint and resumed makes exactly the updates that were planned."""

from pathlib import Path

import pytest
from runs import EVERY_CHUNK, LSTM, again, differences, ends, start

from seqtrain.checkpoints import read_checkpoint
from seqtrain.run_folder import RunFolder

# 4 epochs of 3 updates, saved after each of them
WORDS = [*LSTM, EVERY_CHUNK, "data.train_size=24", "trainer.max_epochs=4", "trainer.steps_per_execution=1"]


def hold_steps(folder: Path, steps: list[int]) -> None:
    """Kill a run after an update, twice, and the same after its next save."""
    start(folder / "whole", *WORDS).done()
    planned = ends(folder / "whole" / "run")
    assert planned["result"]["steps"] == 12
    exact = 0
    for step in steps:
        cut = folder / str(step)
        for place in (f"after hook on_train_batch_end @{step} #1", f"after hook on_train_batch_end @{step} #2"):
            process = again(cut, WORDS, stop_at=place)
            if process.wait() is None:  # else that update was saved, and is not made again
                process.end()
        again(cut, WORDS).done()
        made = read_checkpoint(RunFolder(cut / "run").last)["optimizer_states"][0]["state"][0]["step"]
        assert float(made) == 12, f"killed after update {step}"
        assert differences(planned, ends(cut / "run")) == []
        exact += 1
    print(f"\nexactly the planned updates in {exact} of {len(steps)} runs, each killed after a save and resumed twice")


def test_a_checkpoint_at_an_epochs_last_batch(tmp_path: Path) -> None:
    hold_steps(tmp_path, [3, 12])


@pytest.mark.faults
def test_a_checkpoint_at_every_batch(tmp_path: Path) -> None:
    hold_steps(tmp_path, [*range(1, 13)])
