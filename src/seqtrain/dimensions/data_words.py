"""What a data set holds and what of it is in a batch, in words."""

from seqtrain.batch import Batch, Spec
from seqtrain.dimensions.page import span
from seqtrain.loading import Data
from seqtrain.nearest import listed
from seqtrain.sequences import Statistics

_MOST_CLASSES = 40  # a page names no more of them


def describe(data: Data) -> dict[str, str]:
    """Sets, inputs, what is predicted, normalising; by a word for each."""
    others = {"validate": data.val, "test": data.test}
    rest = [f"{'none' if part is None else f'{len(part):,}'} to {verb} on" for verb, part in others.items()]
    lines = {
        "sets": f"{len(data.train):,} sequences to train on, {', '.join(rest)}",
        "inputs": f"{_features(data.spec)} a step, {span(data.spec.shortest, data.spec.longest)}",
        "predicts": _predicts(data.spec),
    }
    if data.spec.classes:
        lines["classes"] = _classes(data.spec)
    lines["normalising"] = _normalising(data.statistics)
    lines["augmenting"] = "in training; not in the batch below" if data.augment or data.mixup else "none"
    return lines


def describe_batch(batch: Batch) -> dict[str, str]:
    """Shapes, lengths and what is scored."""
    sequences, steps, _ = batch.inputs.shape
    valid = int(batch.lengths.sum())
    lines = {
        "inputs": f"(B, T, F) = {tuple(batch.inputs.shape)}",
        "lengths": f"{span(int(batch.lengths.min()), int(batch.lengths.max()))}: "
        f"{valid:,} valid of {sequences} x {steps} = {sequences * steps:,}",
        "targets": f"{tuple(batch.targets.shape)} {str(batch.targets.dtype).removeprefix('torch.')}",
    }
    if batch.scored is not None:
        lines["scored"] = f"{int(batch.scored.sum()):,} of {valid:,} valid steps"
    return lines


def _features(spec: Spec) -> str:
    """`2 features (speed, height)`: a table's by their names."""
    names = f" ({listed(spec.columns, 12)})" if len(spec.columns) == spec.features else ""
    return f"{spec.features:,} feature{'s' * (spec.features != 1)}{names}"


def _predicts(spec: Spec) -> str:
    values = "1 value" if spec.width == 1 else f"{spec.width:,} values"
    return {
        "step_values": f"{values} at every step",
        "step_classes": f"one of {spec.width:,} classes at every step",
        "values": f"{values} for each sequence",
        "classes": f"one of {spec.width:,} classes for each sequence",
        "labels": f"any of {spec.width:,} labels for each sequence",
    }[spec.predicts]


def _classes(spec: Spec) -> str:
    counted = [f"{name} {count:,}" for name, count in zip(spec.classes, spec.class_counts, strict=True)]
    rest = len(counted) - _MOST_CLASSES
    shown = ", ".join(counted[:_MOST_CLASSES])
    what = "steps" if spec.per_step else "sequences"
    return f"{shown}{f' and {rest:,} more' if rest > 0 else ''} ({what} to train on)"


def _normalising(statistics: Statistics | None) -> str:
    if statistics is None:
        return "none"
    return (
        "each feature minus its mean in the training set, over its standard deviation there "
        f"(means {_range(statistics.mean.min(), statistics.mean.max())}, "
        f"deviations {_range(statistics.std.min(), statistics.std.max())})"
    )


def _range(low: object, high: object) -> str:
    least, most = f"{float(low):.3g}", f"{float(high):.3g}"  # type: ignore[arg-type]
    return least if least == most else f"{least} to {most}"
