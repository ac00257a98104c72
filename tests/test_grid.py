"""Every model trains on every data set, with no size typed by hand."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import soundfile
from composing import QUICK, SMALL, choices, light, trained

MODELS = choices("model")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("data", SMALL)
def test_every_model_trains_on_every_synthetic_data_set(model: str, data: str, tmp_path: Path) -> None:
    result = trained(tmp_path, *light(model), f"data={data}", *SMALL[data], *QUICK)
    assert result["status"] == "completed"
    assert all(math.isfinite(value) for value in result["metrics"].values())
    assert {"test/loss", "val/loss"} <= set(result["metrics"])


@pytest.mark.parametrize("model", MODELS)
def test_every_model_trains_on_recordings(model: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for label, pitch in (("low", 300), ("high", 1200)):
        for i in range(8):
            path = tmp_path / "sounds" / label / f"{i}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            times = np.arange(2000 + 400 * i) / 8000
            soundfile.write(path, 0.3 * np.sin(2 * np.pi * pitch * times) + 0.01 * rng.normal(size=len(times)), 8000)
    result = trained(tmp_path / "run", *light(model), "data=audio_folder", f"data.folder={tmp_path}/sounds", *QUICK)
    assert result["status"] == "completed"


@pytest.mark.parametrize("model", MODELS)
def test_every_model_trains_on_drawings(model: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "drawings").mkdir()
    for label in ("straight line", "curl"):
        lines = []
        for i in range(10):
            points = rng.integers(0, 255, (2, 2, 4 + 3 * i)).tolist()
            lines.append(json.dumps({"word": label, "recognized": True, "drawing": points, "key_id": str(i)}))
        (tmp_path / "drawings" / f"{label}.ndjson").write_text("\n".join(lines) + "\n")
    result = trained(tmp_path / "run", *light(model), "data=quickdraw", f"data.folder={tmp_path}/drawings", *QUICK)
    assert result["status"] == "completed"


@pytest.mark.parametrize("model", MODELS)
def test_every_model_trains_on_spoken_digits(model: str, tmp_path: Path, data_root: Path) -> None:
    if not (data_root / "audio" / "fsdd").is_dir():
        pytest.skip(f"no spoken digits in {data_root}")
    options = ["data.limit=2", f"data.folder={data_root}/audio/fsdd", "trainer.max_steps=2"]
    result = trained(tmp_path, *light(model), "data=fsdd", *options, *QUICK)
    assert result["status"] == "completed"
