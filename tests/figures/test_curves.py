import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqtrain.batch import Batch, valid_steps
from seqtrain.figures.bands import class_bands
from seqtrain.figures.curves import loss_curve, predicted_curves
from seqtrain.figures.scatter import regression_scatter
from seqtrain.figures.style import pixels, short


def texts(figure: Figure) -> str:
    legends = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    labels = [label for axes in figure.axes for label in (axes.get_xlabel(), axes.get_ylabel())]
    return "\n".join(legends + titles + labels)


def ragged(width: int = 1) -> Batch:
    """Three sequences of 30, 12 and 4 steps; the first five steps are not scored."""
    lengths = torch.tensor([30, 12, 4])
    scored = valid_steps(lengths, 30)
    scored[:, :5] = False
    targets = torch.rand(3, 30, width) * valid_steps(lengths, 30)[:, :, None]
    return Batch(torch.zeros(3, 30, 1), lengths, targets, scored, torch.tensor([7, 8, 9]))


def points(axes: Axes) -> list[int]:
    return [len(line.get_xdata()) for line in axes.get_lines()]  # type: ignore[arg-type]


def test_the_loss_curve_marks_the_epoch_with_the_lowest_validation_loss() -> None:
    rows = [{"epoch": e, "step": 10 * e, "train/loss": 1 / e, "val/loss": abs(e - 3) + 0.5} for e in range(1, 7)]
    figure = loss_curve(rows)
    assert "best: epoch 3, 0.5" in texts(figure)
    assert figure.axes[0].get_xlabel() == "epoch"
    assert "best: epoch 5, 2.5" in texts(loss_curve(rows, best=5))


def test_the_loss_curve_reads_text_and_leaves_out_empty_and_infinite_cells() -> None:
    rows = [
        {"step": "10", "train/loss": "2.5", "val/loss": ""},
        {"step": "20", "train/loss": "nan", "val/loss": "0.5"},
        {"step": "30", "train/loss": "1.5"},
    ]
    figure = loss_curve(rows)
    assert figure.axes[0].get_xlabel() == "optimizer updates"
    assert points(figure.axes[0])[:2] == [2, 1]


@pytest.mark.parametrize(("last", "scale"), [(0.9, "linear"), (1e-4, "log"), (0.0, "linear"), (-5.0, "linear")])
def test_the_loss_axis_is_logarithmic_where_the_losses_span_decades(last: float, scale: str) -> None:
    rows = [{"epoch": 0, "train/loss": 1.0}, {"epoch": 1, "train/loss": last}]
    assert loss_curve(rows).axes[0].get_yscale() == scale


def test_a_run_without_a_finite_loss_still_has_a_loss_curve() -> None:
    pixels(loss_curve([{"epoch": 0, "train/loss": float("nan")}]))


def test_predicted_curves_leave_out_padding_and_shade_what_is_not_scored() -> None:
    batch = ragged()
    predictions = batch.targets.clone()
    predictions[:, :5] += 100  # not scored
    predictions[1, 12:] += 100  # padding
    figure = predicted_curves(batch, predictions, ["first", "second", "third"])
    assert [points(axes) for axes in figure.axes] == [[30, 30], [12, 12], [4, 4]]
    assert [len(axes.patches) for axes in figure.axes] == [1, 1, 1]
    assert all(name in texts(figure) for name in ("first, mse 0", "second, mse 0", "third, not scored"))
    pixels(figure)


def test_several_predicted_values_have_a_row_of_panels_each() -> None:
    batch = ragged(width=6)
    figure = predicted_curves(batch, batch.targets)
    assert len(figure.axes) == 4 * 3  # at most four values
    assert "value 4" in texts(figure)


def test_the_scatter_of_a_constant_or_infinite_prediction_can_be_drawn() -> None:
    targets = torch.ones(5, 2)
    pixels(regression_scatter(targets, targets))
    pixels(regression_scatter(targets, torch.full((5, 2), float("nan"))))


def test_class_bands_count_scored_steps_alone() -> None:
    batch = ragged()._replace(targets=torch.zeros(3, 30, dtype=torch.int64))
    predictions = torch.zeros(3, 30, 20)
    predictions[0, :10, 7] = 1  # five of the wrong steps are not scored, five of 25 are
    figure = class_bands(batch, predictions, [f"phone {i}" for i in range(20)])
    assert "sequence 7, 80.0% of steps right" in texts(figure)
    assert "phone 7" in texts(figure)
    pixels(figure)


def test_long_names_are_cut_in_their_middle() -> None:
    assert short("a" * 30 + "z", 11) == "aaaaa…aaaaz"
    assert short("two\nlines") == "two lines"
