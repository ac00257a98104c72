"""Train models on sequences from a config: any model on any data, with no size typed by hand.

From Python: `seqtrain.fit(inputs, targets, model="lstm")` trains on arrays, and `seqtrain.load(run)` loads what was
trained. Both are imported when they are first used, so that importing seqtrain stays cheap.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqtrain.commands.fit import fit
    from seqtrain.trained import load

__version__ = "0.1.0"
__all__ = ["__version__", "fit", "load"]

_PLACES = {"fit": "seqtrain.commands.fit", "load": "seqtrain.trained"}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module seqtrain has no attribute {name}")
    import importlib

    found = globals()[name] = getattr(importlib.import_module(_PLACES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
