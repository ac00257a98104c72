"""The worst examples of a set: those with the highest loss."""

from typing import Any

import torch

from seqtrain.batch import Spec
from seqtrain.evaluation.chosen_set import ChosenSet
from seqtrain.evaluation.outcomes import Outcomes
from seqtrain.labels import SEPARATOR, names_of

Row = dict[str, Any]


def worst_first(outcomes: Outcomes, count: int) -> list[int]:
    """Which sequences have the highest mean loss, at most `count` of them; equal ones in the set's order."""
    order = outcomes.mean_losses.nan_to_num(torch.inf).argsort(descending=True, stable=True)
    return [index for index in order.tolist() if outcomes.weights[index] > 0][:count]


def worst_rows(indices: list[int], outcomes: Outcomes, chosen: ChosenSet, spec: Spec) -> list[Row]:
    """A row a sequence: its name, loss and steps, what is true and what was predicted."""
    batch = chosen.pick(indices) if indices else None
    rows = []
    for rank, index in enumerate(indices):
        mine = slice(*torch.searchsorted(outcomes.owner, torch.tensor([index, index + 1])).tolist())
        assert batch is not None
        rows.append(
            {"rank": rank + 1, "name": chosen.name(index), "loss": float(outcomes.mean_losses[index])}
            | {"steps": int(batch.lengths[rank])}
            | _told(outcomes, mine, spec)
        )
    return rows


def _told(outcomes: Outcomes, mine: slice, spec: Spec) -> Row:
    truth, predicted = outcomes.truth[mine], outcomes.predicted[mine]
    if spec.predicts == "classes":
        assert outcomes.probability is not None
        return {
            "true": spec.classes[int(truth[0])],
            "predicted": spec.classes[int(predicted[0])],
            "probability": float(outcomes.probability[mine][0]),
        }
    if spec.predicts == "labels":
        rows = {"true": truth[0] > 0.5, "predicted": predicted[0] > 0.5}
        return {name: SEPARATOR.join(names_of(row, spec.classes)) for name, row in rows.items()}
    if spec.predicts == "step_classes":
        return {"scored": len(truth), "right": float((truth == predicted).double().mean())}
    if spec.predicts == "step_values":
        return {"scored": len(truth), "rmse": float((truth - predicted).square().mean().sqrt())}
    pairs = zip(truth[0].tolist(), predicted[0].tolist(), strict=True)
    many = spec.width > 1
    return {
        f"{name}_{d + 1}" if many else name: value
        for d, pair in enumerate(pairs)
        for name, value in zip(("true", "predicted"), pair, strict=True)
    }
