from pathlib import Path

import torch
from PIL import Image

from seqtrain.batch import Batch, Spec
from seqtrain.callbacks.figures import draw
from seqtrain.loggers import TensorBoard


def test_a_finished_run_has_its_figures_as_files_and_in_tensorboard(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    spec = Spec(features=2, shortest=5, longest=5, predicts="classes", width=3, classes=("a", "b", "c"))
    batch = Batch(torch.rand(6, 5, 2), torch.full((6,), 5), torch.tensor([0, 1, 2, 0, 1, 2]), None, torch.arange(6))
    predictions = torch.eye(3)[[0, 1, 2, 0, 1, 0]]
    logger = TensorBoard()(tmp_path)
    files = draw(
        tmp_path / "figures",
        [logger],
        spec=spec,
        view="curve",
        batch=batch,
        predictions=predictions,
        rows=[{"epoch": 1, "train/loss": 1.0, "val/loss": 2.0}],
        counts=torch.eye(3),
        step=12,
    )
    logger.finalize("success")
    names = ["loss_curve", "samples", "mistakes", "confusion"]
    assert files == [tmp_path / "figures" / f"{name}.png" for name in names]
    sizes = {}
    for file in files:
        with Image.open(file) as image:
            sizes[file.stem] = image.size
    found = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert sorted(found.Tags()["images"]) == sorted(f"figures/{name}" for name in names)
    image = found.Images("figures/confusion")[0]
    assert (image.step, image.width, image.height) == (12, *sizes["confusion"])


def test_a_run_that_recorded_no_row_has_the_other_figures(tmp_path: Path) -> None:
    spec = Spec(features=1, shortest=5, longest=5, predicts="step_values", width=1)
    values = torch.rand(2, 5, 1)
    scored = torch.ones(2, 5, dtype=torch.bool)
    batch = Batch(values, torch.full((2,), 5), values, scored, torch.arange(2))
    files = draw(tmp_path, [], spec=spec, view="curve", batch=batch, predictions=values, rows=[])
    assert [file.name for file in files] == ["predicted_curves.png"]
