"""A case measured: all sides in turns, each in a process of its own, and whether their losses agree."""

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from benchmarks.bare import bare
from benchmarks.baton import Baton, side_by_side
from benchmarks.case import Case
from benchmarks.ours import seqtrain
from benchmarks.plain_lightning import lightning
from benchmarks.side import Done, Side, done, turns_of
from benchmarks.terminal import terminal
from seqtrain.report import quiet_libraries
from seqtrain.trained import load

SIDES = ("seqtrain", "bare", "lightning")
# updates whose losses are compared one by one, and how far they may be apart: rounding grows tenfold with batch norm
_EARLY, _EARLY_APART = 4, 1e-4
_LAST_APART = 0.05  # of the last epoch's mean: rounding grows as training goes on


class Disagree(RuntimeError):
    """Two sides did not train the same."""


def measure(case: Case, *, sides: tuple[str, ...] = SIDES) -> dict[str, Any]:
    """What the table has of a case."""
    with TemporaryDirectory() as folder:
        told = _run(case, sides, Path(folder))
        predicting = _predict(case, Path(folder) / "seqtrain", turns=15)
    steps = turns_of(len(case.order(0)))
    batches = turns_of(-(-len(case.data.test or ()) // case.data.loading.batch_size))
    result: dict[str, Any] = {
        "case": case.name,
        "most": case.most,
        "training": _ratios({name: each.training[len(steps) :] for name, each in told.items()}, steps),
        "evaluation": _ratios({name: each.testing for name, each in told.items()}, batches),
        "prediction": predicting,
        "loss": {name: each.last_loss for name, each in told.items()},
        "memory": {name: each.memory for name, each in told.items()},
    }
    _check(case, {name: each.losses[:_EARLY] for name, each in told.items()}, result["loss"])
    return result


def _run(case: Case, names: tuple[str, ...], folder: Path) -> dict[str, Done]:
    training, testing = Baton(names), Baton(names)
    sides = [Side(name, training, testing) for name in names]
    fresh = replace(case)  # each reads its data itself
    return side_by_side({side.name: partial(_work, fresh, side, folder / side.name) for side in sides})


def _work(case: Case, side: Side, folder: Path) -> Done:
    """A side's own process."""
    quiet_libraries()
    case.data  # noqa: B018 (read before the turns)
    with terminal():
        _WORKS[side.name](case, side, folder)
    return done(side)


_WORKS = {"seqtrain": seqtrain, "bare": bare, "lightning": lightning}


def _ratios(turns: dict[str, list[Any]], sizes: list[int]) -> dict[str, Any]:
    """Microseconds a step by side, the median of its turns; and each side's ratio to the bare loop, turn by turn."""
    told: dict[str, Any] = {}
    for side, spent in turns.items():
        counts = sizes * (len(spent) // len(sizes))
        for kind in ("cpu", "wall"):
            each = [getattr(one, kind) / count for one, count in zip(spent, counts, strict=True)]
            told.setdefault(f"{kind} µs", {})[side] = 1e6 * median(each)
            if side != "bare":
                pairs = zip(spent, turns["bare"], strict=True)
                ratios = sorted(getattr(ours, kind) / getattr(theirs, kind) for ours, theirs in pairs)
                told.setdefault(f"{kind} ratio", {})[side] = [ratios[0], median(ratios), ratios[-1]]
    return told


def _predict(case: Case, run: Path, turns: int) -> dict[str, Any]:
    """A trained model asked for all of the test set, from an array to arrays, on either side normalised by batches."""
    size, sequences = case.data.loading.batch_size, case.data.test
    assert sequences is not None
    batch = sequences.batch(torch.arange(len(sequences)))
    inputs = batch.inputs.numpy()
    arrays = [inputs[i, :length] for i, length in enumerate(batch.lengths.tolist())]
    trained = load(run)
    model = case.layers(trained.network).eval()
    whole = case.data.train.shortest == case.data.train.longest

    @torch.no_grad()
    def theirs() -> np.ndarray[Any, Any]:
        outputs = torch.cat([model(case.prepared(some)) for some in torch.from_numpy(inputs).split(size)])
        return (outputs if outputs.dim() == 3 else outputs.softmax(-1)).numpy()

    def ours() -> None:
        trained.predict(inputs if whole else arrays, batch_size=size)

    spent: dict[str, list[float]] = {"seqtrain": [], "bare": []}
    for _ in range(turns + 1):  # the first warms up
        for name, work in (("seqtrain", ours), ("bare", theirs)):
            began = time.process_time()
            work()
            spent[name].append(time.process_time() - began)
    batches = -(-len(sequences) // size)
    ratios = sorted(ours / theirs for ours, theirs in zip(spent["seqtrain"][1:], spent["bare"][1:], strict=True))
    return {
        "cpu µs": {name: 1e6 * median(each[1:]) / batches for name, each in spent.items()},
        "cpu ratio": {"seqtrain": [ratios[0], median(ratios), ratios[-1]]},
    }


def _check(case: Case, early: dict[str, list[float]], last: dict[str, float]) -> None:
    """Raises Disagree where a side's losses are not those of the bare loop."""
    if not case.pads_all:
        apart = [abs(ours - bare) / bare for ours, bare in zip(early["seqtrain"], early["bare"], strict=True)]
        if max(apart) > _EARLY_APART:
            where = apart.index(max(apart))
            raise Disagree(f"{case.name}: the loss of update {where} is {max(apart):.1%} from the bare loop's")
    for side, loss in last.items():
        if abs(loss - last["bare"]) > (0.5 if case.pads_all else _LAST_APART) * last["bare"] and side != "lightning":
            raise Disagree(f"{case.name}: {side} ends with a loss of {loss:.3g}, the bare loop with {last['bare']:.3g}")
