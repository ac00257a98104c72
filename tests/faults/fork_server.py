"""A warm interpreter that forks: each line on its input starts a command in a process group of its own.

Importing torch takes seconds and a tiny training half of one, so this is what makes hundreds of kills affordable. It
answers with a line for each process that has started, stopped itself or ended.
"""

import atexit
import importlib
import json
import os
import select
import signal
import sys
import tempfile
from typing import Any

WARM = ["train", "model=lstm", "model.hidden=4", "data=sincos", "data.train_size=16", "data.val_size=4"]
WARM += ["data.test_size=4", "data.length=12", "trainer.max_epochs=1", "trainer.progress=false"]


def serve() -> int:
    """Answer until the input ends; in a started process, the exit status of its command."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    say({"ready": os.getpid()})
    left = b""
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 1 << 16)
            tell_of_processes()
        if 0 in ready:
            piece = os.read(0, 1 << 16)
            if not piece:
                return 0
            *lines, left = (left + piece).split(b"\n")
            for line in lines:
                order = json.loads(line)
                pid = os.fork()
                if pid == 0:
                    return run(order)
                say({"started": pid})


def tell_of_processes() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if os.WIFSTOPPED(status):
            say({"stopped": pid})
        else:
            say({"ended": pid, "status": os.waitstatus_to_exitcode(status)})


def run(order: dict[str, Any]) -> int:
    """The life of a started process."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.chdir(order["cwd"])
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in enumerate((nothing, log, log)):
        os.dup2(file, number)
    os.environ.update(order["env"])
    if order["watch"] is not None:
        from points import watch

        watch(**order["watch"])
    if order["calls"] is not None:
        return int(importlib.import_module(order["calls"]).main(order["words"]))
    from seqtrain.commands import main

    return main(order["words"])


def say(words: dict[str, int]) -> None:
    os.write(1, json.dumps(words).encode() + b"\n")


def warm() -> None:
    import torch
    from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

    from seqtrain.commands import main

    torch.set_num_threads(1)
    _MultiProcessingDataLoaderIter._try_get_data.__defaults__ = (0.2,)  # looks for dead workers so often, not every 5 s
    back = os.dup(1)
    os.dup2(2, 1)  # the answers' line is not for the table at a training's end
    with tempfile.TemporaryDirectory() as folder:
        assert main([*WARM, f"hydra.run.dir={folder}/run"]) == 0
    sys.stdout.flush()
    os.dup2(back, 1)


if __name__ == "__main__":
    warm()
    status = serve()
    sys.stdout.flush()
    atexit._run_exitfuncs()
    os._exit(status)  # taking a copy of the warm interpreter apart takes longer than a run
