"""Freed memory is kept within, and goes back to the system at the end."""

import resource
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from composing import QUICK, SMALL, trained

from seqtrain import heap, learner
from seqtrain.heap import give_back, memory_kept

MEASURED = """
import ctypes, resource, torch
from contextlib import nullcontext
from seqtrain.heap import memory_kept

def faults(context):
    with context:
        for _ in range(3):
            torch.zeros(10_000_000)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(20):
            torch.zeros(10_000_000)
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() >> 20

ctypes.CDLL(None).prctl(41, 1, 0, 0, 0)  # pages of 4 KiB alone
torch.set_num_threads(1)
start = resident()
print(faults(nullcontext()), faults(memory_kept()), resident() - start)
"""


@pytest.mark.skipif(heap._glibc() is None, reason="the C library is not glibc")
def test_pages_are_mapped_once_and_given_back() -> None:
    said = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True, check=True).stdout
    default, kept, left = map(int, said.split())
    pages = 10_000_000 * 4 // resource.getpagesize()
    assert default > 19 * pages  # or there would be nothing to mend
    assert kept < 10 * pages  # what else is allocated meanwhile breaks up what was freed, so that some is new
    assert left < 20  # MiB, of 38 in one array


def test_only_the_outermost_gives_back(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    class Libc:
        def mallopt(self, *arguments: int) -> None:
            calls.append(arguments)

        def malloc_trim(self, _: int) -> None:
            calls.append(("trim",))

    monkeypatch.setattr(heap, "_glibc", Libc)
    with memory_kept():
        entered = len(calls)
        with pytest.raises(ValueError, match="wrong"), memory_kept():
            raise ValueError("wrong")
        assert len(calls) == entered
    assert calls.count(("trim",)) == 1


def test_memory_that_grows_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    trims = []
    libc = SimpleNamespace(mallopt=lambda *_: None, malloc_trim=trims.append)
    monkeypatch.setattr(heap, "_glibc", lambda: libc)
    monkeypatch.setattr(heap, "_GROWTH", 1.03)  # a process of tests may be large
    held = []
    with memory_kept():
        give_back()
        give_back()
        assert not trims
        held.append(torch.ones(100_000_000))  # 400 MB
        give_back()
        assert len(trims) == 1
        give_back()  # what there is now is what is needed
        give_back()
        assert len(trims) == 1
    assert len(trims) == 2
    give_back()  # is for those within
    assert len(trims) == 2


def test_a_training_keeps_memory_where_it_is_asked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    within = []
    monkeypatch.setattr(learner, "give_back", lambda: within.append(memory_kept._within))
    tiny = ["model=rnn", "data=sincos", *SMALL["sincos"], *QUICK]
    trained(tmp_path / "kept", *tiny)
    trained(tmp_path / "not", *tiny, "trainer.keep_memory=false")
    assert within == [1, 1, 1, 0, 0, 0]  # the end of a call of the training, validation and test
    assert memory_kept._within == 0


def test_without_glibc_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap, "_glibc", lambda: None)
    with memory_kept():
        assert torch.zeros(3).sum() == 0
