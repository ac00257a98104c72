"""The loops of recurrent.c, where they were compiled when seqtrain was installed."""

import ctypes
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from seqtrain.errors import WrongInput
from seqtrain.kernels.compiler import LIBRARY, sources

# In the order of `Call` in recurrent.c, which says what each is.
_NUMBERS = ("batch", "steps", "hidden", "features", "reverse", "relu", "wanted_stride")
_ARRAYS = (
    *("lengths", "weight", "bias", "start", "start_cell", "inputs", "input_weight", "input_bias", "given"),
    *("outputs", "gates", "recalled", "cells"),
    *("wanted", "wanted_cells", "slopes", "befores", "bias_slope", "input_weight_slope"),
    *("start_slope", "start_cell_slope", "weight_slope"),
)
_REALS = {torch.float32: "float", torch.float64: "double"}


class Call(ctypes.Structure):
    """What a loop is told; a field that is not given is 0, or no array."""

    _fields_ = [(name, ctypes.c_int64) for name in _NUMBERS] + [(name, ctypes.c_void_p) for name in _ARRAYS]


class Loops:
    """A library whose sources are those beside this file.

    Args:
        path: of the library.
        processor: 0 for the best loops that this one can run; 1, 2 or 3 for those of any, of AVX2 or of AVX-512.

    Raises OSError where the file is no library of these sources.
    """

    def __init__(self, path: Path, *, processor: int = 0) -> None:
        library = ctypes.CDLL(str(path))
        try:
            library.seqtrain_sources.restype = ctypes.c_uint64
            if library.seqtrain_sources() != sources():
                raise OSError(f"{path} was compiled from other sources")
            self._functions = {
                (f"{cell}_{way}", dtype): library[f"seqtrain_{cell}_{way}_{real}"]
                for cell in ("rnn", "gru", "lstm", "mingru")
                for way in ("forward", "backward")
                for dtype, real in _REALS.items()
            }
        except AttributeError as error:
            raise OSError(f"{path} is another library: {error}") from error
        self._processor = processor

    def run(self, loop: str, dtype: torch.dtype, call: Call) -> None:
        if self._functions[loop, dtype](ctypes.byref(call), self._processor) != 0:
            raise MemoryError(f"no memory for a layer of {call.hidden} hidden features")


def check_kernel(kernel: str) -> None:
    """Raise WrongInput where a model is to be computed by compiled loops and there are none."""
    if kernel == "fused" and loops() is None:
        raise WrongInput(
            "model.kernel is fused but its compiled loops are not there, or are of another version of seqtrain: "
            "install a C compiler (gcc or clang) and run python -m seqtrain.kernels.compiler, or set model.kernel=auto"
        )


def computes(inputs: Tensor) -> bool:
    """Whether compiled loops can compute these here: float32 and float64 on a CPU.

    What traces, exports or compiles a model has to see torch's operators.
    """
    return (
        inputs.dtype in _REALS
        and inputs.device.type == "cpu"
        and not torch.is_autocast_enabled("cpu")
        and not torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
        and not torch.compiler.is_compiling()
    )


@cache
def loops() -> Loops | None:
    """None where there is no library, or one of other sources."""
    try:
        return Loops(LIBRARY)
    except OSError:
        return None
