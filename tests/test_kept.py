"""What a released version wrote, every later one loads, with the same answers."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import seqtrain
from seqtrain.checkpoints import read_checkpoint

KEPT = Path(__file__).parent / "kept"
VERSIONS = sorted(path.name for path in KEPT.iterdir())


@pytest.mark.parametrize("kind", ["run", "shared"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_kept_model_says_what_it_said(version: str, kind: str) -> None:
    answers = json.loads((KEPT / version / "answers.json").read_text())
    trained = seqtrain.load(KEPT / version / kind)
    said = trained.predict([torch.tensor(each) for each in answers["inputs"]])
    assert said.labels == answers["labels"]
    np.testing.assert_allclose(np.asarray(said.probabilities), np.asarray(answers["probabilities"]), rtol=0, atol=1e-6)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_kept_run_is_evaluated_as_it_was(version: str, told, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    shutil.copytree(KEPT / version / "run", tmp_path / "run")
    tested = json.loads((tmp_path / "run" / "result.json").read_text())["metrics"]["test/accuracy"]
    status, _ = told("evaluate", "run", "resamples=10", "name=again")
    assert status == 0
    found = json.loads((tmp_path / "run" / "evaluations" / "again" / "metrics.json").read_text())
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(tested, abs=1e-6)


def test_this_version_is_kept() -> None:
    assert seqtrain.__version__ in VERSIONS, "scripts/keep.py keeps a run and a shared model of a release"
    assert all(read_checkpoint(KEPT / version / "run" / "checkpoints" / "best.ckpt") for version in VERSIONS)


def test_what_is_kept_is_small() -> None:
    for version in VERSIONS:
        assert sum(path.stat().st_size for path in (KEPT / version).rglob("*") if path.is_file()) < 40_000
