"""How far predicted values are from true ones."""

from dataclasses import dataclass

import torch
from torch import Tensor

from seqtrain.evaluation.outcomes import Outcomes
from seqtrain.evaluation.resampling import Estimate, Resampling, estimate, whole


@dataclass(frozen=True)
class ValueEvaluation:
    """What was found, for D values."""

    metrics: dict[str, Estimate]  # loss, mse, rmse, mae and r2 (the mean over the D values), as in a training
    per_value: dict[str, list[Estimate]]  # rmse, mae and r2, D of each


def evaluate_values(outcomes: Outcomes, resampling: Resampling) -> ValueEvaluation:
    """Metrics with intervals of scored values, in the values' own units."""
    width = outcomes.truth.shape[1]
    errors = outcomes.predicted - outcomes.truth  # (E, D)
    shift = outcomes.truth.mean(0)  # r2 does not depend on it, and sums of squares lose fewer digits
    apart = outcomes.truth - shift
    each = torch.stack([torch.ones_like(errors), errors.square(), errors.abs(), apart, apart.square()], dim=1)
    sums = torch.zeros(len(outcomes), 5 * width, dtype=torch.float64)
    sums.index_add_(0, outcomes.owner, each.flatten(1))  # (N, 5 D)
    loss = torch.stack([outcomes.losses, outcomes.weights], dim=1)  # (N, 2)

    losses = resampling.sums(loss)
    here = whole(loss)[0]
    metrics = {"loss": estimate(float(here[0] / here[1]), losses[:, 0] / losses[:, 1])}
    found, drawn = _errors(whole(sums), width), _errors(resampling.sums(sums), width)
    metrics |= {name: estimate(float(found[name]), drawn[name]) for name in ("mse", "rmse", "mae", "r2")}
    return ValueEvaluation(
        metrics=metrics,
        per_value={
            name: [estimate(float(found[of][0, d]), drawn[of][:, d]) for d in range(width)]
            for name, of in (("rmse", "rmses"), ("mae", "maes"), ("r2", "r2s"))
        },
    )


def _errors(sums: Tensor, width: int) -> dict[str, Tensor]:
    """Of (R, 5 D) sums: (R,) over all values, and (R, D) of each."""
    count, squares, absolutes, totals, total_squares = sums.reshape(len(sums), 5, width).unbind(1)  # (R, D) each
    spread = total_squares - totals.square() / count
    # A target that never changes: 1 if it was met, else 0, as in a training
    r2s = torch.where(spread > 1e-12 * total_squares, 1 - squares / spread, (squares == 0).double())
    mse = squares.sum(1) / count.sum(1)
    return {
        "mse": mse,
        "rmse": mse.sqrt(),
        "mae": absolutes.sum(1) / count.sum(1),
        "r2": r2s.mean(1),
        "rmses": (squares / count).sqrt(),
        "maes": absolutes / count,
        "r2s": r2s,
    }
