"""seqtrain and bare loops on a GPU, each in turn: wall time an update, waits for the GPU, equal losses."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from unittest.mock import patch

import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf
from torch import Tensor
from torch.optim.lr_scheduler import OneCycleLR
from torch.profiler import ProfilerActivity, profile

from benchmarks.case import Case
from benchmarks.gpu_cases import EPOCHS, GPU_CASES, Way
from benchmarks.terminal import terminal
from seqtrain import training_run
from seqtrain.fitting import Fit, make_fit
from seqtrain.learner import Learner
from seqtrain.loading.order import epoch_batches
from seqtrain.parts import prepare_parts

_SEEN = 100  # updates whose losses are compared
_PROFILED = 6  # which call of the training step: when every graph is there


def measure_on_gpu(name: str, turns: int = 3) -> dict[str, Any]:
    """Of a case: microseconds an update of every way by turn, the ratio of seqtrain's to each, waits, losses."""
    case, ways = GPU_CASES[name]
    with patch.object(training_run, "load_data", lambda *_, **__: case.data):
        found: dict[str, Any] = {"case": case.name, "gpu": torch.cuda.get_device_name(), "torch": torch.__version__}
        times: dict[str, list[float]] = {}
        sides: dict[str, Callable[[], float]] = {
            "seqtrain": lambda: _ours(case),
            "seqtrain, no graphs": lambda: _ours(case.with_settings("trainer.cuda_graph=never")),
        }
        sides |= {f"bare, {name}": lambda way=way: _bare(case, way)[0] for name, way in ways.items()}  # type: ignore[misc]
        for _ in range(turns):
            for side, work in sides.items():
                times.setdefault(side, []).append(work())
                print(f"{case.name}: {side}: {times[side][-1]:,.0f} µs", file=sys.stderr, flush=True)
        found["µs"] = times
        found["ratio"] = {
            side: _spread([a / b for a, b in zip(times["seqtrain"], each, strict=True)]) for side, each in times.items()
        }
        with _profiled(found):
            _ours(case)
        if case.data.train.shortest == case.data.train.longest and not case.config.model.get("channels"):
            found["losses differ by"] = _differences(case, next(iter(ways.values())))
    return found


def _ours(case: Case) -> float:
    """Microseconds an update of the last epoch of a run, from its first batch to its last loss."""
    clock = _Clock()

    def timed(*args: Any, **settings: Any) -> Fit:
        fit = make_fit(*args, **settings)
        fit.trainer.callbacks.insert(0, clock)
        return fit

    words, config, parts = list(case.settings), OmegaConf.to_yaml(case.config), prepare_parts(case.config)
    patched = patch.object(training_run, "make_fit", timed)
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, patched, terminal():
        training_run.train(parts, Path(folder) / "run", config=config, overrides=words)
    return 1e6 * clock.seconds / clock.steps


class _Clock(pl.Callback):
    """Times the updates of the last training epoch, without its validation and end."""

    def on_train_epoch_start(self, trainer: pl.Trainer, _: pl.LightningModule) -> None:
        self._first = trainer.global_step
        self._began: float | None = _now()

    def on_validation_start(self, trainer: pl.Trainer, _: pl.LightningModule) -> None:
        if self._began is not None:
            self.seconds, self.steps = _now() - self._began, trainer.global_step - self._first
            self._began = None


def _now() -> float:
    torch.cuda.synchronize()
    return perf_counter()


def _bare(case: Case, way: Way, most: int | None = None) -> tuple[float, list[float]]:
    """Microseconds an update in the last epoch, and the losses of all updates; `most` is what the schedule ends at."""
    inputs, targets = (each.cuda() for each in case.tensors(case.data.train))
    model = case.model().cuda()
    orders = [list(_batches(case, epoch, way)) for epoch in range(EPOCHS)]
    settings = case.config.optimizer
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.lr, betas=tuple(settings.betas), **{way.adam: True})
    total = most or EPOCHS * len(orders[0])
    schedule = OneCycleLR(optimizer, max_lr=settings.lr, total_steps=total, cycle_momentum=False)
    amp = case.config.trainer.precision == "bf16"
    losses: list[Tensor] = []
    for order in orders:
        began = _now()
        for indices, lengths, longest in order:
            some = inputs[indices]
            some = some[:, :, :longest] if case.channels_first else some[:, :longest]
            with torch.autocast("cuda", torch.bfloat16, enabled=amp):
                outputs = model(some) if lengths is None else model(some, lengths)
                loss = case.loss(outputs, targets[indices])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.detach())
            if len(losses) < total:
                schedule.step()
        spent = _now() - began
    return 1e6 * spent / len(orders[-1]), torch.stack(losses).tolist()


def _batches(case: Case, epoch: int, way: Way) -> Iterator[tuple[Tensor, Tensor | None, int]]:
    """Indices on the GPU; the lengths on the CPU where they are packed; steps."""
    every, loading = case.data.train.lengths, case.data.loading
    pool = 1 if way.mixed else loading.length_pool
    for indices in epoch_batches(every, loading.batch_size, pool=pool, seed=case.config.seed, epoch=epoch):
        longest = case.data.spec.longest if way.mixed else int(every[indices].max())
        if way.packed:
            indices = indices[every[indices].argsort(descending=True)]
        yield indices.cuda(), every[indices] if way.packed else None, longest


def _differences(case: Case, way: Way) -> dict[str, float]:
    """The largest of the first losses' differences."""
    short = case.with_settings("trainer.steps_per_execution=1", f"trainer.max_steps={_SEEN}")
    graphs, kernels = _losses(short), _losses(short.with_settings("trainer.cuda_graph=never"))
    pairs = {"no graphs": kernels, "the bare loop": _bare(case, way, most=_SEEN)[1][:_SEEN]}
    return {of: max(abs(a - b) for a, b in zip(graphs, each, strict=True)) for of, each in pairs.items()}


def _losses(case: Case) -> list[float]:
    found: list[float] = []
    settled = Learner._settled

    def kept(learner: Learner) -> float:
        found.append(settled(learner))
        return found[-1]

    with patch.object(Learner, "_settled", kept):
        _ours(case)
    return found


@contextmanager
def _profiled(found: dict[str, Any]) -> Iterator[None]:
    """Within, counts the waits for the GPU in one call of the training step."""
    step, calls = Learner.training_step, 0

    def watched(learner: Learner, *arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls != _PROFILED:
            step(learner, *arguments)
            return
        with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
            step(learner, *arguments)
        names = [event.name for event in seen.events() if "Synchronize" in event.name]
        found["a call"] = {"updates": learner.updates_in_call} | {
            name: names.count(name) for name in sorted(set(names))
        }

    with patch.object(Learner, "training_step", watched):
        yield


def _spread(ratios: list[float]) -> list[float]:
    return [round(each, 3) for each in (min(ratios), median(ratios), max(ratios))]
