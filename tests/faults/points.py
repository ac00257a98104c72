"""Places at which a run is stopped so that a test can hurt it: every hook of Lightning, every update, every file.

`watch` is called in the run's own process. At the wanted place the process stops itself, as Ctrl-Z does; what happens
then comes from outside: a kill, a signal, a full disk.
"""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

_FILES = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.truncate", "open"}
_WRITES = os.O_WRONLY | os.O_RDWR


class _Points:
    def __init__(self, stop_at: str | None, pause: float, trace: str | None, folder: str) -> None:
        self._stop_at, self._pause = stop_at, pause
        self._trace = None if trace is None else os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._folder = folder
        self._seen: Counter[str] = Counter()
        self._process = os.getpid()  # not those that it starts
        self.step = 0

    def reach(self, name: str) -> None:
        if os.getpid() != self._process:
            return
        place = f"{name} @{self.step}"
        self._seen[place] += 1
        place = f"{place} #{self._seen[place]}"
        if self._trace is not None:
            os.write(self._trace, f"{place}\n".encode())
        if place == self._stop_at:
            os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(self._pause)

    def around(self, function: Callable[..., Any], name: Callable[..., str], step: Callable[..., int]) -> Any:
        """The function, with a place before it and one after it."""

        def wrapped(*args: Any, **settings: Any) -> Any:
            self.step = step(*args)
            self.reach(f"before {name(*args)}")
            result = function(*args, **settings)
            self.step = step(*args)
            self.reach(f"after {name(*args)}")
            return result

        return wrapped

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event not in _FILES or (event == "open" and not (isinstance(args[2], int) and args[2] & _WRITES)):
            return
        path = os.fspath(args[0]) if isinstance(args[0], str | os.PathLike) else ""
        path = os.path.abspath(path.decode() if isinstance(path, bytes) else path)
        if path.startswith(self._folder):
            name = os.path.basename(path)
            self.reach(f"file {event} {'events' if name.startswith('events') else name}")


def watch(*, stop_at: str | None, pause: float, trace: str | None, folder: str) -> None:
    """Know the places of this process.

    Args:
        stop_at: where it stops itself; see `trace` for the names.
        pause: seconds that it stays there after it goes on.
        trace: a file that is told each place.
        folder: of the run: files in it are watched.
    """
    from pytorch_lightning.trainer import call

    from seqtrain import training_run
    from seqtrain.learner import Learner
    from seqtrain.loading.batches import Reader

    points = _Points(stop_at, pause, trace, folder)
    for kind in ("_call_callback_hooks", "_call_lightning_module_hook"):
        patched = points.around(
            getattr(call, kind),
            lambda trainer, hook, *_: f"hook {hook}",
            lambda trainer, *_: trainer.global_step,
        )
        setattr(call, kind, patched)
    Learner._step = points.around(Learner._step, lambda *_: "step", lambda it, *_: it.trainer.global_step)  # type: ignore[method-assign]
    for owner, name, what in ((training_run, "load_data", "data"), (Reader, "__getitem__", "batch")):
        patched = points.around(getattr(owner, name), lambda *_, what=what: what, lambda *_: points.step)
        setattr(owner, name, patched)
    sys.addaudithook(points.audit)
