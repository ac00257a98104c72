"""Where torchrun or Slurm's srun started the processes that train together: which of them this one is."""

import os
from dataclasses import dataclass

from seqtrain.errors import WrongInput

_NUMBERS = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID")


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

    told = {name: int(value) for name, value in os.environ.items() if name in _NUMBERS}
    if is_torchelastic_launched():
        by, meet = "torchrun", "env://"
        found = Place(told["RANK"], told["WORLD_SIZE"], told["LOCAL_RANK"], meet)
    elif told.get("SLURM_STEP_NUM_TASKS", 1) > 1:  # srun sets it; what a batch script starts by itself has none
        by, slurm = "srun", SLURMEnvironment()
        meet = f"tcp://{slurm.main_address}:{slurm.main_port}"
        found = Place(told["SLURM_PROCID"], told["SLURM_STEP_NUM_TASKS"], told["SLURM_LOCALID"], meet)
    else:
        return None
    if found.count != devices:
        raise WrongInput(
            f"trainer.devices is {devices} but {by} started {found.count} processes: set trainer.devices={found.count}"
        )
    return found
