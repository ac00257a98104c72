"""How torchaudio's transforms are imported where its compiled part cannot be.

torchaudio's Linux wheel is compiled against CUDA builds of torch: beside a CPU build, `import torchaudio`
raises OSError (libc10_cuda.so is missing). The transforms used here are pure Python and need none of the
compiled part. So where the plain import fails, a stub takes the place of the module that would load it.
"""

import importlib
import sys
from types import ModuleType
from typing import Any


def torchaudio_transforms() -> Any:
    """The module `torchaudio.transforms`, imported when first asked for."""
    try:
        return importlib.import_module("torchaudio.transforms")
    except OSError:
        sys.modules["torchaudio._extension"] = _without_compiled_part()
        return importlib.import_module("torchaudio.transforms")


def _without_compiled_part() -> ModuleType:
    stub: Any = ModuleType("torchaudio._extension")
    stub._IS_TORCHAUDIO_EXT_AVAILABLE = False
    stub._IS_ALIGN_AVAILABLE = False
    stub.fail_if_no_align = lambda function: function
    return stub  # type: ignore[no-any-return]
