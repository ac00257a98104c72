"""Ticks drawn the short way are matplotlib's own, to the pixel."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from seqtrain.batch import Batch, Spec
from seqtrain.figures import style
from seqtrain.figures.bands import class_bands
from seqtrain.figures.curves import loss_curve, predicted_curves
from seqtrain.figures.samples import series, spectrograms
from seqtrain.figures.scatter import regression_scatter

BATCH = Batch(torch.rand(4, 30, 1), torch.tensor([30, 12, 4, 9]), torch.rand(4, 30, 2) * 1e-5, None, torch.arange(4))
CLASSED = BATCH._replace(targets=torch.tensor([0, 1, 0, 1]))
SPEC = Spec(1, 4, 30, "classes", 2, ("a", "b"))
ROWS = [{"epoch": e, "train/loss": 10.0 ** (1 - e), "val/loss": 20.0 ** (1 - e)} for e in range(1, 5)]
FIGURES = {
    "losses over decades": lambda: loss_curve(ROWS),
    "losses of one size": lambda: loss_curve(ROWS[:1] * 3),
    "curves, of small values": lambda: predicted_curves(BATCH, BATCH.targets / 2),
    "equal units": lambda: regression_scatter(torch.rand(9, 2), 1000 + torch.rand(9, 2)),
    "series": lambda: series(CLASSED, torch.zeros(4, 2), SPEC),
    "spectrograms, with a bar of colours": lambda: spectrograms(CLASSED, torch.zeros(4, 2), SPEC),
    "bands, with minor ticks": lambda: class_bands(
        BATCH._replace(targets=torch.zeros(4, 30, dtype=torch.int64)), torch.rand(4, 30, 3), ["a", "b", "c"]
    ),
}


def own_way(figure: Figure) -> NDArray[np.uint8]:
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[:, :, :3].copy()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", FIGURES)
def test_ticks_are_matplotlibs_to_the_pixel(name: str) -> None:
    torch.manual_seed(0)
    plain = own_way(FIGURES[name]())
    torch.manual_seed(0)
    assert np.array_equal(plain, style.pixels(FIGURES[name]()))


def test_a_figure_can_be_drawn_twice() -> None:
    figure = loss_curve(ROWS)
    assert (style.pixels(figure) == style.pixels(figure)).all()


def test_a_small_unit_is_written_beside_the_title_and_not_on_it() -> None:
    figure = predicted_curves(BATCH, BATCH.targets / 2)
    style.pixels(figure)
    units = [axes.yaxis.get_offset_text() for axes in figure.axes]
    assert any(unit.get_text() for unit in units)
    for axes, unit in zip(figure.axes, units, strict=True):
        assert unit.get_window_extent().x1 <= axes.get_window_extent().x0 + 1e-6  # where a title begins
