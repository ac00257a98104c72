"""Where torchrun or Slurm's srun started the processes that train together: which of them this one is."""

import os
from dataclasses import dataclass

from seqtrain.errors import WrongInput


@dataclass(frozen=True)
class Place:
    """One of `count` processes that something else started; see `ranks.joined`."""

    rank: int
    count: int
    local: int
    meet: str


def place(devices: int) -> Place | None:
    """This process's place, or None where it was started alone, or beside others that train something else.

    Raises WrongInput where another number of processes was started than `trainer.devices` says.
    """
    if "TORCHELASTIC_RUN_ID" in os.environ:
        by, found = "torchrun", _torchrun()
    elif devices > 1 and _number("SLURM_STEP_NUM_TASKS", 1) > 1:  # srun sets it, a batch script by itself has none
        by, found = "srun", _srun()
    else:
        return None
    if found.count != devices:
        raise WrongInput(
            f"trainer.devices is {devices} but {by} started {found.count} processes: set trainer.devices={found.count}"
        )
    return None if found.count == 1 else found


def _torchrun() -> Place:
    return Place(_number("RANK"), _number("WORLD_SIZE"), _number("LOCAL_RANK"), "env://")


def _srun() -> Place:
    from lightning_fabric.plugins.environments.slurm import SLURMEnvironment

    host = SLURMEnvironment.resolve_root_node_address(os.environ["SLURM_STEP_NODELIST"])
    port = 20_000 + (31 * _number("SLURM_JOB_ID") + _number("SLURM_STEP_ID")) % 10_000  # that other steps hardly use
    return Place(
        _number("SLURM_PROCID"), _number("SLURM_STEP_NUM_TASKS"), _number("SLURM_LOCALID"), f"tcp://{host}:{port}"
    )


def _number(name: str, default: int = 0) -> int:
    return int(os.environ.get(name, default))
