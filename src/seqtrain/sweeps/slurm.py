"""The trials of a sweep as jobs of a Slurm cluster: the way past one machine."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from seqtrain.errors import WrongInput
from seqtrain.interruption import Interrupted
from seqtrain.ranges import Count, Size
from seqtrain.sweeps.trial import Outcome, Trial, train_trial

if TYPE_CHECKING:
    import submitit


class Slurm:
    """A job array with one job for each trial, submitted and watched by submitit.

    The sweep's folder must be on a file system that all machines see; scripts and output of the jobs are in its
    .slurm. A job that runs out of time, or is preempted, is queued again and goes on where it was. This process only
    waits: jobs go on when it is stopped. The same line waits for trials that run; those still queued it submits again,
    and whichever job comes second finds them done.

    Args:
        partition: of the cluster; null for its default.
        timeout_min: minutes that a job may take.
        cpus_per_task: CPUs of each task.
        gpus_per_node: GPUs of each job.
        mem_gb: memory of each job in GB; null for the cluster's default.
        nodes: machines of each job, for trainer=ddp.
        tasks_per_node: processes of each job on a machine, for trainer=ddp.
        array_parallelism: jobs that run at once, at most.
        setup: lines of shell before each job, as `module load cuda`.
        options: further options of sbatch by name, as {account: mine}.
        cluster: slurm; or local, to try the same on this machine.
        poll_seconds: between two looks at the jobs.
    """

    def __init__(
        self,
        *,
        partition: str | None = None,
        timeout_min: Count = 60,
        cpus_per_task: Count = 1,
        gpus_per_node: Size = 0,
        mem_gb: Count | None = None,
        nodes: Count = 1,
        tasks_per_node: Count = 1,
        array_parallelism: Count = 256,
        setup: list[str] | None = None,
        options: dict[str, Any] | None = None,
        cluster: Literal["slurm", "local"] = "slurm",
        poll_seconds: Count = 5,
    ) -> None:
        self.cluster = cluster
        self.poll_seconds = poll_seconds
        self.asked: dict[str, Any] = {
            "timeout_min": timeout_min,
            "cpus_per_task": cpus_per_task,
            "gpus_per_node": gpus_per_node,
            "nodes": nodes,
            "tasks_per_node": tasks_per_node,
            "slurm_array_parallelism": array_parallelism,
        }
        said: Mapping[str, Any] = {
            "mem_gb": mem_gb,
            "slurm_partition": partition,
            "slurm_setup": setup,
            "slurm_additional_parameters": options,
        }
        self.asked |= {key: value for key, value in said.items() if value is not None}

    def __call__(self, trials: Sequence[Trial]) -> Iterator[Outcome]:
        try:
            import submitit
        except ImportError as error:
            raise WrongInput("launcher=slurm needs submitit: pip install 'seqtrain[slurm]'") from error
        if not trials:
            return
        try:
            executor = submitit.AutoExecutor(folder=trials[0].folder.parent / ".slurm", cluster=self.cluster)
        except RuntimeError as error:  # there is no sbatch
            raise WrongInput(f"launcher=slurm: {error}. Submit from a machine of the cluster") from error
        executor.update_parameters(name="seqtrain", slurm_use_srun=True, **self.asked)
        try:
            jobs = executor.map_array(Job(), trials)
        except submitit.core.utils.FailedJobError as error:
            raise WrongInput(f"launcher=slurm: {str(error).strip().splitlines()[-1]}") from error
        print(f"submitted {len(jobs)} jobs: {jobs[0].job_id} to {jobs[-1].job_id}", flush=True)
        trial_of = {job.job_id: trial for job, trial in zip(jobs, trials, strict=True)}
        while jobs:
            time.sleep(self.poll_seconds)
            queued = self._queued(jobs)
            for job in [each for each in jobs if _answered(each) or each.job_id not in queued]:
                jobs.remove(job)
                yield _outcome(job, trial_of[job.job_id])

    def _queued(self, jobs: "Sequence[submitit.Job[Outcome]]") -> set[str]:
        """The jobs that wait or run. Slurm's accounting, which submitit asks, is not there on every cluster."""
        if self.cluster == "local":
            return {job.job_id for job in jobs if not job.done()}
        told = subprocess.run(
            ["squeue", "--noheader", "--array", "--me", "--format=%i"], capture_output=True, text=True, check=False
        )
        if told.returncode != 0:  # the controller is busy, or restarts: ask again later
            return {job.job_id for job in jobs}
        return set(told.stdout.split())


class Job:
    """What a job runs. submitit calls `checkpoint` where a job is about to be ended, and queues what it returns."""

    def __call__(self, trial: Trial) -> Outcome:
        try:
            return train_trial(trial)
        except Interrupted as error:
            return Outcome(trial, "failed", f"{error}; run the same line again")

    def checkpoint(self, trial: Trial) -> Any:
        import submitit

        print(f"queued again: {trial.name}", file=sys.stderr)
        return submitit.helpers.DelayedSubmission(self, trial)


def _answered(job: "submitit.Job[Outcome]") -> bool:
    return bool(job.task(0).paths.result_pickle.exists())


def _outcome(job: "submitit.Job[Outcome]", trial: Trial) -> Outcome:
    """What the first of a job's tasks says; the others, of a training that is distributed, say the same."""
    task = job.task(0)
    if not _answered(job):
        return Outcome(trial, "failed", f"job {job.job_id} ended without an answer (see {task.paths.stderr})")
    error = task.exception()
    if error is not None:
        last = str(error).strip().splitlines()[-1]
        return Outcome(trial, "failed", f"job {job.job_id}: {last} (see {task.paths.stderr})")
    return task.result()
