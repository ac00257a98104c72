import io
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from matplotlib.colors import to_hex
from PIL import Image
from torch import Tensor

from seqtrain.batch import Batch, Predicts, Spec
from seqtrain.figures.confusion import confusion
from seqtrain.figures.for_task import figures_for
from seqtrain.figures.samples import drawings, spread
from seqtrain.figures.style import PREDICTED, TRUE, pixels
from seqtrain.sequences import View

CLASSES = ("zero", "$5", "猫", "a name so long that no panel of any figure could hold it", "two\nlines")


def classified(features: int = 3, count: int = 10) -> tuple[Batch, Tensor]:
    """Sequences of 20 and fewer steps, of which the second is taken for class 0."""
    lengths = torch.tensor([20, 1, 2, 11, 20] * (count // 5))
    inputs = torch.rand(count, 20, features)
    inputs[:, :, -1] = inputs[:, :, -1].round()
    targets = torch.arange(count) % len(CLASSES)
    scores = 9.0 * torch.nn.functional.one_hot(targets, len(CLASSES))
    scores[1] = scores[0]
    return Batch(inputs, lengths, targets, None, torch.arange(count)), scores.log_softmax(1)


def spec(predicts: Predicts, features: int = 3) -> Spec:
    return Spec(features, 1, 20, predicts, len(CLASSES), CLASSES)


@pytest.mark.parametrize("view", ["spectrogram", "drawing", "curve"])
def test_samples_say_true_and_predicted_class_and_mark_the_wrong_ones(view: View) -> None:
    batch, predictions = classified()
    figures = figures_for(spec("classes"), view, batch, predictions, samples=4)
    assert list(figures) == ["samples", "mistakes"]
    panels = figures["samples"].axes[:4]
    assert panels[0].get_title(loc="left").startswith("true zero\n✓ predicted zero (100%)")
    assert panels[1].get_title(loc="left").startswith("true $5\n✗ predicted zero")
    assert [to_hex(axes.spines["left"].get_edgecolor()) == PREDICTED.lower() for axes in panels[:2]] == [False, True]
    assert TRUE != PREDICTED
    for figure in figures.values():
        pixels(figure)


def test_the_columns_of_a_table_are_named() -> None:
    batch, predictions = classified()
    named = replace(spec("classes"), columns=("speed", "height", "a name that is too long for it"))
    legend = figures_for(named, "curve", batch, predictions)["samples"].legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["speed", "height", "a name t…ng for it"]
    assert not figures_for(spec("classes"), "curve", batch, predictions)["samples"].legends


def test_a_batch_without_mistakes_has_no_figure_of_them() -> None:
    batch, predictions = classified()
    right = torch.nn.functional.one_hot(batch.targets, predictions.shape[1]).float()
    assert list(figures_for(spec("classes"), "curve", batch, right)) == ["samples"]


def test_samples_take_the_first_of_every_class_before_a_second() -> None:
    targets = torch.tensor([3, 3, 3, 0, 0, 1, 3])
    assert spread(targets, 3).tolist() == [0, 3, 5]
    assert spread(targets, 4).tolist() == [0, 1, 3, 5]
    assert spread(targets, 99).tolist() == list(range(7))


def test_drawings_lift_the_pen_and_grow_downwards() -> None:
    steps = torch.tensor([[[0, 0, 0], [2, 1, 1], [0, 5, 0], [1, 1, 0.0]]])
    batch = Batch(steps, torch.tensor([4]), torch.tensor([0]), None, torch.tensor([0]))
    axes = drawings(batch, torch.zeros(1, 5), spec("classes")).axes[0]
    first, second = axes.get_lines()
    assert [list(first.get_xdata()), list(first.get_ydata())] == [[0, 2], [0, 1]]  # type: ignore[arg-type]
    assert [list(second.get_xdata()), list(second.get_ydata())] == [[2, 3], [6, 7]]  # type: ignore[arg-type]
    assert axes.yaxis_inverted()


@pytest.mark.parametrize(
    ("predicts", "targets", "predictions", "name"),
    [
        ("step_values", (2, 20, 1), (2, 20, 1), "predicted_curves"),
        ("step_classes", (2, 20), (2, 20, 5), "predicted_steps"),
        ("values", (2, 3), (2, 3), "predicted_values"),
    ],
)
def test_the_figure_fits_what_is_predicted(
    predicts: Predicts, targets: tuple[int, ...], predictions: tuple[int, ...], name: str
) -> None:
    truth = torch.zeros(targets, dtype=torch.int64 if predicts == "step_classes" else torch.float32)
    scored = torch.ones(2, 20, dtype=torch.bool) if predicts.startswith("step") else None
    batch = Batch(torch.zeros(2, 20, 3), torch.tensor([20, 3]), truth, scored, torch.arange(2))
    figures = figures_for(spec(predicts), "curve", batch, torch.rand(predictions))
    assert list(figures) == [name]
    pixels(figures[name])


@pytest.mark.parametrize("count", [2, 10, 13, 345])
def test_the_confusion_matrix_is_small_and_readable_at_any_number_of_classes(count: int) -> None:
    matrix = torch.eye(count) * 50
    matrix[1, 0] = 25
    names = [f"class {i}" for i in range(count)]
    figure = confusion(matrix, names)
    image = pixels(figure)
    file = io.BytesIO()
    Image.fromarray(image).save(file, "png", optimize=True)
    assert len(file.getvalue()) < 300_000
    assert max(image.shape) < 1400
    numbers = [text.get_text() for text in figure.axes[0].texts]
    assert ("25" in numbers) == (count <= 12)
    if count > 12:
        assert [label.get_text() for label in figure.axes[1].get_yticklabels()] == ["class 1 → class 0"]
        assert figure.axes[1].texts[0].get_text() == "25 (33%)"


def test_an_empty_confusion_matrix_can_be_drawn() -> None:
    pixels(confusion(torch.zeros(5, 5, dtype=torch.int64), CLASSES))
    pixels(confusion(torch.zeros(20, 20), [str(i) for i in range(20)]))


def test_importing_figures_and_loggers_imports_neither_matplotlib_nor_lightning() -> None:
    code = (
        "import sys, seqtrain.figures, seqtrain.loggers, seqtrain.report, seqtrain.callbacks.figures\n"
        "seqtrain.loggers.TensorBoard()\n"
        "assert not {'matplotlib', 'pytorch_lightning', 'PIL'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
