"""Several processes that train together do what one does, and end together."""

import json
import os
import shutil
import signal
from functools import partial
from pathlib import Path

import pytest
import torch
from composing import SMALL, composed, trained
from omegaconf import OmegaConf
from test_training import rows, weights

from seqtrain.checkpoints import read_checkpoint
from seqtrain.cluster import Place, place
from seqtrain.errors import WrongInput
from seqtrain.interruption import Interrupted
from seqtrain.learner import Learner
from seqtrain.parts import prepare_parts
from seqtrain.rank_processes import RankFailed, run_ranks
from seqtrain.ranks import rank
from seqtrain.run_folder import RunFolder
from seqtrain.training_run import train

# 41 sequences in batches of 8: the last batch of an epoch has one, which leaves one of two processes none
LSTM = ["model=lstm", "model.hidden=8", "data=sincos", *SMALL["sincos"], "data.train_size=41"]
CONV = ["model=conv1d", "model.channels=[8]", "model.dropout=0", "data=sketch", *SMALL["sketch"], "data.train_size=51"]
BASE = ["data.batch_size=8", "trainer.progress=false", "logger=csv"]
LONG, SHORT = ["trainer.precision=64", "trainer.max_epochs=25"], ["trainer.max_steps=10"]
CARRIED = ["data.carry_state=true", "data.windows=6", "model.initial_state=learned"]  # rows begin within a wave too
EXACT = {"lstm": [*LSTM, *LONG], "conv1d": [*CONV, *LONG], "carried": [*LSTM, *CARRIED, *LONG]}
CASES = {**EXACT, "lstm in float32": [*LSTM, *SHORT], "conv1d in float32": [*CONV, *SHORT]}

# a save after every second update, and dropout, which differs between the processes
STOPPED = [*LSTM, *BASE, "trainer=ddp", "trainer.max_epochs=5", "trainer.steps_per_execution=2"]
STOPPED += ["checkpoint.minutes=1e-9", "model.num_layers=2", "model.dropout=0.3"]


def with_losses(folder: Path, *overrides: str) -> None:
    """Train, and write the loss of every update to losses.json."""
    losses = []
    original = Learner._step

    def recorded(self: Learner, *group: object) -> float:
        losses.append(original(self, *group))  # type: ignore[arg-type]
        return losses[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "_step", recorded)
        trained(folder, *BASE, *overrides)
    if rank() == 0:
        (folder / "losses.json").write_text(json.dumps(losses))


def train_all(folder: Path) -> None:
    """What each of the processes does, started once for all."""
    for name, overrides in CASES.items():
        with_losses(folder / name, *overrides, "trainer=ddp")
    trained(folder / "whole", *STOPPED)


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes trained."""
    folder = tmp_path_factory.mktemp("together")
    run_ranks(partial(train_all, folder), 2, gpu=False)
    return folder


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, trained by one."""
    folder = tmp_path_factory.mktemp("alone")
    for name, overrides in CASES.items():
        with_losses(folder / name, *overrides)
    return folder


@pytest.mark.parametrize("case", CASES)
def test_two_processes_have_the_losses_of_one(case: str, alone: Path, together: Path) -> None:
    one, two = (json.loads((folder / case / "losses.json").read_text()) for folder in (alone, together))
    assert len(one) == (150 if case in EXACT else 10)
    assert two == pytest.approx(one, rel=0, abs=1e-9 if case in EXACT else 1e-6)


@pytest.mark.parametrize("case", EXACT)
def test_two_processes_end_with_the_run_folder_of_one(case: str, alone: Path, together: Path) -> None:
    for row, other in zip(rows(alone / case), rows(together / case), strict=True):
        numbers = {key: float(value) for key, value in row.items()}
        assert {key: float(value) for key, value in other.items()} == pytest.approx(numbers, rel=1e-9, abs=1e-9)
    for which in ("last", "best"):
        one, two = weights(alone / case, which), weights(together / case, which)
        for name, weight in one.items():
            torch.testing.assert_close(two[name], weight, rtol=0, atol=1e-9)
    metrics, others = (RunFolder(folder / case).read_result()["metrics"] for folder in (alone, together))
    assert others == pytest.approx(metrics, rel=1e-9, abs=1e-9)
    figures = [sorted(path.name for path in (folder / case / "figures").iterdir()) for folder in (alone, together)]
    assert figures[0] == figures[1]


def train_until(folder: Path, step: int, who: list[int], what: str) -> None:
    """Go on with a run; at an update, something happens to some of the processes."""
    original = Learner._step

    def limited(self: Learner, *group: object) -> float:
        if self.trainer.global_step == step and rank() in who:
            if what == "an error":
                raise KeyError("as if the machine had failed")
            os.kill(os.getpid(), signal.Signals[what])
        return original(self, *group)  # type: ignore[arg-type]

    Learner._step = limited  # type: ignore[method-assign]
    resumed(folder)


def resumed(folder: Path, *more: str) -> None:
    config = composed(*STOPPED, *more)
    train(prepare_parts(config), folder, config=OmegaConf.to_yaml(config), overrides=[], resume=True)


def test_a_run_that_is_stopped_in_every_way_ends_with_the_same_bits(together: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with pytest.raises(RankFailed, match="process 1 of 2 failed: KeyError: 'as if the machine had failed'") as failed:
        run_ranks(partial(train_until, folder, 5, [1], "an error"), 2, gpu=False)
    assert "in limited" in failed.value.__notes__[0]
    with pytest.raises(RankFailed, match=r"process [01] of 2 was killed by SIGKILL \(often: out of memory\)"):
        run_ranks(partial(train_until, folder, 11, [0, 1], "SIGKILL"), 2, gpu=False)
    assert RunFolder(folder).read_result()["status"] == "running"
    with pytest.raises(Interrupted, match="stopped by SIGTERM"):
        run_ranks(partial(train_until, folder, 21, [1], "SIGTERM"), 2, gpu=False)
    assert RunFolder(folder).read_result()["status"] == "interrupted"
    assert read_checkpoint(RunFolder(folder).last)["seqtrain"]["step"] == 22
    shutil.copytree(folder, tmp_path / "other")
    run_ranks(partial(resumed, folder), 2, gpu=False)
    assert (folder / "metrics.csv").read_text() == (together / "whole" / "metrics.csv").read_text()
    for which in ("last", "best"):
        whole, cut = weights(together / "whole", which), weights(folder, which)
        assert all(torch.equal(whole[name], cut[name]) for name in whole)
    resumed(tmp_path / "other", "trainer.devices=1")
    assert [row["step"] for row in rows(tmp_path / "other")] == [row["step"] for row in rows(folder)]


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["trainer.devices=9"], "trainer.devices is 9 but data.batch_size is 8, which they divide among them"),
        (["trainer.accelerator=gpu"], "trainer.accelerator is gpu but no GPU is available"),
    ],
)
def test_what_cannot_be_divided_is_told_before_anything_starts(
    overrides: list[str], words: str, tmp_path: Path
) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(WrongInput, match=words):
        trained(tmp_path / "run", *LSTM, *BASE, "trainer=ddp", *overrides)
    assert not (tmp_path / "run").exists()


SLURM = {"STEP_NUM_TASKS": 4, "PROCID": 3, "LOCALID": 1, "JOB_ID": 7, "STEP_ID": 0, "STEP_NODELIST": "a[1-2]"}
TORCHRUN = {"TORCHELASTIC_RUN_ID": "x", "RANK": 3, "WORLD_SIZE": 4, "LOCAL_RANK": 1}
STARTED = {"srun": {f"SLURM_{name}": value for name, value in SLURM.items()}, "torchrun": TORCHRUN}


@pytest.mark.parametrize("by", STARTED)
def test_a_cluster_may_start_the_processes(by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert place(4) is None
    for name, value in STARTED[by].items():
        monkeypatch.setenv(name, str(value))
    meet = {"srun": "tcp://a1:20217", "torchrun": "env://"}[by]
    assert place(4) == Place(rank=3, count=4, local=1, meet=meet)
    with pytest.raises(
        WrongInput, match=rf"trainer\.devices is 2 but {by} started 4 processes: set trainer\.devices=4"
    ):
        place(2)
