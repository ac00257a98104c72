"""The audit of dependencies tells holes, none, and that nobody could be asked, by what pip-audit does."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FAKE = """#!{python}
import json, sys
told = dict(word.lstrip("-").split("=", 1) for word in sys.argv if word.startswith("--") and "=" in word)
answer = {answers!r}[told["vulnerability-service"]]
if answer is None:
    print("ERROR: Dependency not found and could not be audited: torch", file=sys.stderr)
    sys.exit(1)
with open(told["output"], "w") as file:
    json.dump(dict(dependencies=answer), file)
sys.exit(any(each["vulns"] for each in answer))
"""
GOOD = {"name": "numpy", "version": "2.0", "vulns": []}
BAD = {"name": "torch", "version": "2.13", "vulns": [{"id": "CVE-1", "fix_versions": ["2.13.1"]}]}


def audited(folder: Path, **answers: object) -> "subprocess.CompletedProcess[str]":
    fake = folder / "pip-audit"
    fake.write_text(FAKE.format(python=sys.executable, answers=answers))
    fake.chmod(0o755)
    return subprocess.run([sys.executable, ROOT / "scripts/audit.py", fake], capture_output=True, text=True)


@pytest.mark.parametrize("service", ["pypi", "osv"])
@pytest.mark.parametrize(("answer", "status"), [([GOOD], 0), ([GOOD, BAD], 1)])
def test_one_service_is_enough(service: str, answer: object, status: int, tmp_path: Path) -> None:
    done = audited(tmp_path, **{"pypi": None, "osv": None, service: answer})
    assert done.returncode == status, done.stderr
    assert ("torch 2.13: CVE-1, fixed in 2.13.1" in done.stdout) == bool(status)
    assert f"known holes ({service}" in done.stdout


def test_no_answer_is_no_pass(tmp_path: Path) -> None:
    done = audited(tmp_path, pypi=None, osv=None)
    assert done.returncode == 3
    assert "pypi.org does not answer for every package" in done.stderr
    assert "nothing is known" in done.stderr


def test_a_package_that_was_left_out_is_no_answer(tmp_path: Path) -> None:
    done = audited(tmp_path, pypi=[{"name": "torch", "skip_reason": "not found", "vulns": []}], osv=None)
    assert done.returncode == 3
