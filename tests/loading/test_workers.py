"""A program ends though workers are left that wait for a second SIGTERM, as where another of them was killed."""

import subprocess
import sys

LEAVES_ONE = """
import multiprocessing, time
from seqtrain.loading.workers import _begin_worker

def work(begun):
    _begin_worker(0)
    begun.set()
    time.sleep(600)

context = multiprocessing.get_context("fork")
begun = context.Event()
context.Process(target=work, args=(begun,), daemon=True).start()
begun.wait()
"""


def test_a_worker_that_is_left_does_not_keep_the_program() -> None:
    done = subprocess.run([sys.executable, "-c", LEAVES_ONE], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
