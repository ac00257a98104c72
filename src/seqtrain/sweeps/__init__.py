"""Many trainings under one name: what is done is skipped, what was stopped goes on, the rest is trained."""

from seqtrain.sweeps.sweep import run_sweep
from seqtrain.sweeps.trial import Trial

__all__ = ["Trial", "run_sweep"]
