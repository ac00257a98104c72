"""Where torchrun or Slurm's srun started the processes that train together: which of them this one is."""

import os
from dataclasses import dataclass

from seqtrain.errors import WrongInput

_SLURM = ("PROCID", "STEP_NUM_TASKS", "LOCALID", "JOB_ID", "STEP_ID")
_NUMBERS = ("RANK", "WORLD_SIZE", "LOCAL_RANK", *(f"SLURM_{name}" for name in _SLURM))


@dataclass(frozen=True)
class Place:
    """One of `count` processes that something else started; see `ranks.joined`."""

    rank: int
    count: int
    local: int
    meet: str


def place(devices: int) -> Place | None:
    """This process's place, or None where it was started alone.

    Raises WrongInput where another number of processes was started than `trainer.devices` says.
    """
    if devices == 1:
        return None
    from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
    from torch.distributed import is_torchelastic_launched

    numbers = {name: int(value) for name, value in os.environ.items() if name in _NUMBERS}
    if is_torchelastic_launched():
        by, meet = "torchrun", "env://"
        found = Place(numbers["RANK"], numbers["WORLD_SIZE"], numbers["LOCAL_RANK"], meet)
    elif numbers.get("SLURM_STEP_NUM_TASKS", 1) > 1:  # srun sets it; what a batch script starts by itself has none
        by, host = "srun", SLURMEnvironment.resolve_root_node_address(os.environ["SLURM_STEP_NODELIST"])
        meet = f"tcp://{host}:{_port(numbers['SLURM_JOB_ID'], numbers['SLURM_STEP_ID'])}"
        found = Place(numbers["SLURM_PROCID"], numbers["SLURM_STEP_NUM_TASKS"], numbers["SLURM_LOCALID"], meet)
    else:
        return None
    if found.count != devices:
        raise WrongInput(
            f"trainer.devices is {devices} but {by} started {found.count} processes: set trainer.devices={found.count}"
        )
    return found


def _port(job: int, step: int) -> int:
    """A port that other steps on the same machine hardly use."""
    return 20_000 + (31 * job + step) % 10_000
