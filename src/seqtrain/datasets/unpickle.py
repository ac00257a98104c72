"""Arrays out of a pickle, and nothing else out of it.

numpy saves an array of arrays as a pickle, and a pickle may call any function that it names. Here it gets
stand-ins for the four names that numpy's own pickles use, whatever else it asks for is refused, and not even
numpy's functions are called on its behalf: the stand-ins note shape, type and bytes, and `arrays_in` checks them.
"""

import math
import pickle
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

_ALLOWED = {  # Python 2, numpy 1 and numpy 2 name them differently
    ("numpy.core.multiarray", "_reconstruct"): "reconstruct",
    ("numpy._core.multiarray", "_reconstruct"): "reconstruct",
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    ("_codecs", "encode"): "encode",  # bytes in a pickle of protocol 2 that Python 3 wrote
}


class Refused(ValueError):
    """A pickle that holds anything but arrays of numbers; says what."""


def arrays_in(file: IO[bytes]) -> list[NDArray[Any]]:
    """The numeric arrays of a pickled one-dimensional object array, as numpy.save writes it.

    Raises:
        Refused: if the pickle asks for any other name, or holds anything else; nothing of it has been run.
    """
    try:
        outer = _Arrays(file, encoding="latin1").load()  # latin1: bytes of Python 2 arrive as text
        if not isinstance(outer, _Array) or not isinstance(outer.content, list):
            raise Refused(f"holds {_kind(outer)} where an array of arrays belongs")
        if outer.shape != (len(outer.content),):
            raise Refused(f"is an object array of shape {outer.shape}: save one (n, 3) array a drawing")
        return [_numbers(place, item) for place, item in enumerate(outer.content)]
    except Refused:
        raise
    except Exception as error:  # a broken pickle fails in any way at all: IndexError, MemoryError, …
        raise Refused(f"is a broken pickle ({type(error).__name__}: {error})") from error


class _Arrays(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise Refused(f"asks for {module}.{name}, which is no array: the file may be an attack, do not use it")
        return _StandIn(_ALLOWED[module, name])

    def persistent_load(self, pid: Any) -> Any:
        raise Refused(f"asks for the outside object {str(pid)[:60]!r}, which is no array")


class _Array:
    """What a pickle says of an array."""

    __slots__ = ("content", "dtype", "fortran", "shape")

    def __init__(self) -> None:
        self.content: Any = None
        self.shape: Any = None
        self.dtype: _Type | None = None
        self.fortran: Any = False

    def __setstate__(self, state: Any) -> None:
        _, self.shape, dtype, self.fortran, self.content = state
        if not isinstance(dtype, _Type):
            raise Refused(f"gives {_kind(dtype)} for an array's type")
        self.dtype = dtype


class _Type:
    """What a pickle says of a dtype: "i2" and, in its state, the order of bytes."""

    __slots__ = ("code", "order")

    def __init__(self, code: str) -> None:
        self.code, self.order = code, "|"

    def __setstate__(self, state: Any) -> None:
        self.order = state[1]


class _StandIn:
    """Takes the place of a function or class that a pickle names; cannot be changed by it."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *given: Any) -> Any:
        if self._name == "reconstruct":
            return _Array()
        if self._name == "dtype" and given and isinstance(given[0], str):
            return _Type(given[0])
        if self._name == "encode" and len(given) == 2 and given[1] == "latin1" and isinstance(given[0], str):
            return given[0].encode("latin1")
        raise Refused(f"calls numpy's {self._name} in a way that rebuilds no array")

    def __setstate__(self, state: Any) -> None:
        raise Refused(f"tries to change numpy's {self._name}")


def _numbers(place: int, item: Any) -> NDArray[Any]:
    """The array that the pickle described, read out of its bytes."""
    if not isinstance(item, _Array) or item.dtype is None:
        raise Refused(f"holds {_kind(item)} at [{place}], where an array of numbers belongs")
    code, order, content = item.dtype.code, item.dtype.order, item.content
    if code[:1] not in ("i", "u", "f", "b") or not code[1:].isdigit() or order not in ("<", ">", "|", "="):
        raise Refused(f"holds an array of type {code[:20]!r} at [{place}], not of numbers")
    data = content.encode("latin1") if isinstance(content, str) else content
    dtype, shape = np.dtype(order + code), item.shape
    sizes = isinstance(shape, tuple) and all(isinstance(size, int) and size >= 0 for size in shape)
    if not sizes or not isinstance(data, bytes) or math.prod(shape) * dtype.itemsize != len(data):
        raise Refused(f"holds an array at [{place}] whose bytes do not fit its shape {shape}")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if item.fortran else "C")


def _kind(value: Any) -> str:
    return "an array of objects" if isinstance(value, _Array) else f"a value of type {type(value).__name__}"
