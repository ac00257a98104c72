"""Compiles the loops: when seqtrain is installed, and by hand with `python -m seqtrain.kernels.compiler`.

Nothing but the standard library is imported here, since an installation has no more.
"""

import hashlib
import os
import shlex
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
LIBRARY = FOLDER / "recurrent.so"
# No -ffast-math: a NaN has to stay one. No -march: recurrent.c picks what the processor has when it runs.
_FLAGS = ("-std=gnu11", "-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-shared")


class NotCompiled(Exception):
    """Why there are no compiled loops."""


def compile_loops(library: Path = LIBRARY) -> str:
    """Write the library, whole or not at all; returns the compiler's name.

    The compiler is $CC, cc, gcc or clang, the first that there is.

    Raises NotCompiled where there is none, or it fails.
    """
    temporary = library.with_name(f".{library.name}.{os.getpid()}")
    try:
        for compiler in [os.environ["CC"]] if os.environ.get("CC") else ["cc", "gcc", "clang"]:
            command = [*shlex.split(compiler), *_FLAGS, f"-DSOURCES={sources()}ull", "-o", str(temporary)]
            try:
                done = subprocess.run(
                    [*command, str(FOLDER / "recurrent.c")], capture_output=True, text=True, errors="replace"
                )
            except OSError:
                continue
            if done.returncode != 0:
                raise NotCompiled(f"{compiler} failed: {' '.join(done.stderr.split())[:300]}")
            temporary.replace(library)
            return compiler
    finally:
        temporary.unlink(missing_ok=True)
    raise NotCompiled("no C compiler was found: install gcc or clang, or set CC")


def sources() -> int:
    """A number made of the C sources, which a library that was compiled from them knows."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.glob("*.[ch]")):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:8], "big")


if __name__ == "__main__":
    try:
        print(f"{LIBRARY}: compiled by {compile_loops()}")
    except NotCompiled as reason:
        sys.exit(f"not compiled: {reason}")
