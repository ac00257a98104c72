"""The figures of an evaluation: what they say in words, and that odd numbers can be drawn."""

import torch
from matplotlib.figure import Figure

from seqtrain.batch import Batch
from seqtrain.figures.reliability import reliability
from seqtrain.figures.residuals import residuals
from seqtrain.figures.style import pixels
from seqtrain.figures.valued import valued_series


def titles(figure: Figure) -> list[str]:
    return [axes.get_title(loc="left") for axes in figure.axes]


def test_empty_bins_have_no_bar() -> None:
    bins = torch.zeros(15, 3).double()
    bins[14] = torch.tensor([10, 9.8, 5])
    figure = reliability(bins, 0.48)
    assert titles(figure)[0] == "calibration error 0.480, n = 10"
    assert [bar.get_height() for bar in figure.axes[0].patches] == [0.5]
    pixels(figure)


def test_residuals_have_a_row_a_value() -> None:
    truth = torch.zeros(30, 6)
    figure = residuals(truth, truth + 2)
    assert len(figure.axes) == 2 * 4
    assert titles(figure)[0] == "value 1, mean error 2, standard deviation 0"
    pixels(figure)
    pixels(residuals(truth[:1, :1], truth[:1, :1]))


def test_values_of_a_sequence_are_named() -> None:
    batch = Batch(torch.rand(5, 9, 12), torch.tensor([9, 1, 2, 3, 4]), torch.ones(5, 3), None, torch.arange(5))
    figure = valued_series(batch, torch.full((5, 3), 0.5), samples=4)
    assert titles(figure) == ["true 1, 1, …\npredicted 0.5, 0.5, …"] * 4
    pixels(figure)
