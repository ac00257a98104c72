"""How every figure looks: its size, its colours, its axes, and its pixels.

The colours are those of Okabe and Ito (2008), which people with any colour vision tell apart.
matplotlib is imported inside functions, so that importing seqtrain stays cheap; nothing here touches
pyplot or the global settings.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRUE = "#0072B2"  # blue: what the data says; also training
PREDICTED = "#D55E00"  # vermilion: what the model says; also validation and mistakes
INK = "#222222"
QUIET = "#8c8c8c"
SHADE = "#e9e9e9"
CLASSES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#5b4a8a")
SMALL, NORMAL = 8, 9  # points
PLAIN: dict[str, Any] = {"parse_math": False}  # a class may be called "$5"


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of `width` x `height` inches that is drawn by Agg, whatever the environment says."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def panels(count: int, *, columns: int, width: float, height: float) -> "tuple[Figure, list[Axes]]":
    """A figure of `count` equal panels of `width` x `height` inches, row by row."""
    columns = min(columns, count)
    rows = -(-count // columns)
    figure = new_figure(max(3.6, columns * width), rows * height + 0.5)
    return figure, [figure.add_subplot(rows, columns, 1 + i) for i in range(count)]


def tidy(axes: "Axes", *, grid: bool = True) -> None:
    """No frame on top and right, small ticks, a faint grid behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(QUIET)
    axes.tick_params(labelsize=SMALL, color=QUIET)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(color=SHADE, linewidth=0.8)


def whole_numbers(axes: "Axes") -> None:
    """Ticks of the x-axis at whole steps, epochs or updates alone."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))


def title(axes: "Axes", text: str, *, color: str = INK) -> None:
    axes.set_title(text, fontsize=NORMAL, color=color, loc="left", **PLAIN)


def legend(figure: "Figure", handles: list[Any], *, columns: int = 4) -> None:
    """One legend for all panels, above them, where it hides nothing."""
    if handles:
        figure.legend(handles=handles, loc="outside upper center", ncols=columns, fontsize=SMALL, frameon=False)


def short(name: str, limit: int = 22) -> str:
    """A class or a file as a title can hold it: on one line, the middle left out where it is too long."""
    name = " ".join(name.split())
    if len(name) <= limit:
        return name
    front = (limit - 1) // 2
    return f"{name[:front]}…{name[-(limit - 1 - front) :]}"


def pixels(figure: "Figure") -> NDArray[np.uint8]:
    """The drawn figure as (height, width, 3)."""
    import warnings

    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = figure.canvas
    if not isinstance(canvas, FigureCanvasAgg):
        canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():  # a class name in a script that the font lacks is drawn as boxes
        warnings.filterwarnings("ignore", message=r"(?s)Glyph .* missing from", category=UserWarning)
        canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()  # type: ignore[no-untyped-call]
