"""A malicious checkpoint is refused in words: nothing runs, nothing crashes, and memory stays where it was."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from poisoned import GOOD, POISONED, as_torch, digested, records

from seqtrain.checkpoints import read_checkpoint
from seqtrain.errors import WrongInput

READS = """
import resource, sys
from pathlib import Path
from seqtrain.checkpoints import read_checkpoint
from seqtrain.errors import WrongInput
import torch
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in map(Path, sys.argv[1:]):
    try:
        read_checkpoint(path)
        print("read", path.name)
    except WrongInput as error:
        print("refused", str(error).replace("\\n", " "))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("name", POISONED)
def test_a_poisoned_checkpoint_is_refused_in_words(name: str, tmp_path: Path) -> None:
    path = tmp_path / "best.ckpt"
    POISONED[name](path)
    with pytest.raises(WrongInput, match=r"best\.ckpt") as caught:
        read_checkpoint(path)
    assert len(str(caught.value).splitlines()) == 1
    assert "Traceback" not in str(caught.value)
    assert [each.name for each in tmp_path.iterdir()] == ["best.ckpt"]


def test_no_poison_crashes_a_process_or_takes_its_memory(tmp_path: Path) -> None:
    paths = []
    for number, write in enumerate(POISONED.values()):
        paths.append(tmp_path / f"{number}.ckpt")
        write(paths[-1])
    done = subprocess.run(
        [sys.executable, "-c", READS, *map(str, paths)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)),
        check=True,
    )
    *told, grown = done.stdout.splitlines()
    assert len(told) == len(POISONED)
    assert all(line.startswith("refused") for line in told)
    assert int(grown) < 64 << 10  # kB


def test_the_battery_itself_writes_what_torch_would_read(tmp_path: Path) -> None:
    """Or it would be refused for how it was put together."""
    digested(as_torch(records()), tmp_path / "good.ckpt")
    assert read_checkpoint(tmp_path / "good.ckpt")["state_dict"]["weight"].equal(GOOD["state_dict"]["weight"])
