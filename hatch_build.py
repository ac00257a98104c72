"""Compiles the loops of src/seqtrain/kernels when seqtrain is installed; without a C compiler it goes on without."""

import runpy
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Kernels(BuildHookInterface):  # type: ignore[misc]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        kernels = Path(self.root) / "src" / "seqtrain" / "kernels"
        compiler = runpy.run_path(str(kernels / "compiler.py"))
        library: Path = compiler["LIBRARY"]
        try:
            compiler["compile_loops"]()
        except compiler["NotCompiled"] as reason:
            library.unlink(missing_ok=True)
            self.app.display_warning(f"rnn, lstm, gru and mingru will be computed by torch alone: {reason}")
            return
        build_data["artifacts"].append(str(library.relative_to(self.root)))
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"  # any Python: the library is called through ctypes
