"""Whether less or more of a metric is better, told by its name."""

from typing import Literal

from seqtrain.errors import WrongInput

_LESS = ("loss", "mse", "rmse", "mae", "calibration_error")
_MORE = ("r2", "accuracy", "f1", "auroc", "exact_match", "f1_micro", "average_precision")


def less_is_better(metric: str, mode: Literal["auto", "min", "max"], setting: str) -> bool:
    """Whether less of a metric such as val/mse is better; `mode` says so where it is not auto.

    Raises WrongInput where the name does not tell; the message asks for `setting`.
    """
    name = metric.rsplit("/", 1)[-1]
    if mode == "auto" and name not in _LESS + _MORE:
        raise WrongInput(f"mode is auto but whether less of {metric} is better is not known: set {setting}")
    return name in _LESS if mode == "auto" else mode == "min"
