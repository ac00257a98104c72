"""Arrays of the user's own as sequences: lists, numpy arrays, tensors and data frames become (T, F) tensors."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqtrain.errors import WrongInput

_FORMS = "give a list of (T, F) arrays, one array (N, T, F), or of one feature (N, T)"


def to_sequences(inputs: Any, *, features: int | None = None) -> Tensor | list[Tensor]:
    """N sequences as float tensors (T, F), float64 where the input was; as one (N, T, F) where it was one array.

    Args:
        inputs: a list of (T, F) or, of one feature, (T,) arrays or tensors; one array (N, T, F) or, of one feature,
            (N, T); or a data frame (whatever has `to_numpy`) whose rows are series of one feature.
        features: how many there must be; None: as many as the first has.

    Raises WrongInput where the shapes or the numbers of features are others, naming the sequence.
    """
    if hasattr(inputs, "to_numpy"):
        inputs = _numbers(inputs.to_numpy(), "the data frame")
    if isinstance(inputs, np.ndarray | Tensor) and inputs.dtype != object:
        array = _tensor(inputs, "the array")
        if array.dim() not in (2, 3):
            raise WrongInput(f"the inputs are one array of shape {_shape(array)}: {_FORMS}")
        if array.dim() == 2 and features not in (None, 1):
            raise WrongInput(
                f"the inputs are one array of shape {_shape(array)}, but a sequence has {features} features: "
                "put a single sequence in a list, or give (N, T, F)"
            )
        array = array if array.dim() == 3 else array[:, :, None]
        if array.shape[1] > 0 and features in (None, array.shape[2]):
            return array
        inputs = list(array)  # one of them tells what is wrong
    if isinstance(inputs, str | bytes | dict) or not isinstance(inputs, Iterable):
        raise WrongInput(f"the inputs are a {type(inputs).__name__}: {_FORMS}")
    sequences = []
    for index, each in enumerate(inputs):
        steps = _steps(each, f"sequence {index}")
        features = steps.shape[1] if features is None else features
        if steps.shape[1] != features:
            raise WrongInput(f"sequence {index} has {steps.shape[1]} features at each step, and not {features}")
        sequences.append(steps)
    return sequences


def check_finite(steps: Tensor, name: str) -> None:
    """Raise WrongInput, saying where, unless every value of (T, F) is a finite number."""
    if steps.isfinite().all():
        return
    step, feature = (~steps.isfinite()).nonzero()[0].tolist()
    raise WrongInput(f"{name} is {float(steps[step, feature])} at step {step}, feature {feature}: give finite numbers")


def _steps(array: Any, name: str) -> Tensor:
    steps = _tensor(array, name)
    if steps.dim() == 1:
        steps = steps[:, None]
    if steps.dim() != 2:
        raise WrongInput(f"{name} has shape {_shape(steps)}: it must be (T, F), or (T,) of one feature")
    if len(steps) == 0:
        raise WrongInput(f"{name} has no steps: leave it out")
    return steps


def _tensor(array: Any, name: str) -> Tensor:
    if not isinstance(array, Tensor):
        array = torch.from_numpy(np.ascontiguousarray(_numbers(array, name)))
    tensor: Tensor = array.detach().cpu() if array.requires_grad or array.device.type != "cpu" else array
    if tensor.is_complex():
        raise WrongInput(f"{name} holds complex numbers: give their parts as two features")
    return tensor if tensor.dtype == torch.float64 else tensor.float()


def _numbers(array: Any, name: str) -> Any:
    """A numpy array of numbers, whatever it was made of."""
    try:
        found = np.asarray(array.to_numpy() if hasattr(array, "to_numpy") else array)
        if found.dtype.kind in "biuf":
            exact = np.float64 if found.dtype.kind in "iu" or found.itemsize > 4 else np.float32
            return found.astype(exact, copy=not found.flags.writeable)  # torch warns of what it could not write to
        if found.dtype.kind == "O":
            return found.astype(np.float64)
    except (ValueError, TypeError) as error:
        raise WrongInput(f"{name} is no array of numbers: {str(error).splitlines()[0]}") from error
    raise WrongInput(f"{name} holds {found.dtype} and no numbers: {_FORMS}")


def _shape(tensor: Tensor) -> str:
    return "(" + ", ".join(map(str, tensor.shape)) + ")"
