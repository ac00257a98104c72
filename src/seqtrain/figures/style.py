"""How every figure looks: its size, its colours, its axes, and its pixels.

The colours are those of Okabe and Ito (2008), which people with any colour vision tell apart.
matplotlib is imported inside functions, so that importing seqtrain stays cheap; nothing here touches
pyplot or the global settings.
"""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from seqtrain.figures.ticks import draw_ticks

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


# inches around and between panels; room for the text that figures put there is told, not measured, since measuring
# takes two thirds of the drawing time
_LEFT, _RIGHT, _BOTTOM, _TOP, _ACROSS = 0.72, 0.12, 0.48, 0.08, 0.5
_LINE, _ROW = 0.165, 0.22  # of a title, of a legend


def new_figure(width: float, height: float, *, measured: bool = True) -> "Figure":
    """An empty figure of `width` x `height` inches that is drawn by Agg, whatever the environment says.

    `measured` finds the room for names of any length, which takes time.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, layout="constrained" if measured else None, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def panels(
    count: int, *, columns: int, width: float, height: float, lines: int = 1, rows: int = 0, right: float = 0.0
) -> "tuple[Figure, list[Axes]]":
    """A figure of `count` equal panels, row by row.

    Args:
        count: of the panels.
        columns: panels beside each other, at most.
        width: of a panel with its margins, in inches.
        height: of a panel with its margins, in inches.
        lines: of a panel's title.
        rows: of the legend above all panels.
        right: inches left free at the right.
    """
    across = min(columns, count)
    down = -(-count // across)
    title, whole = lines * _LINE + 0.08, max(3.6, across * width + right)
    tall = down * height + 0.3 + rows * _ROW
    between = title + 0.3  # a row's title, and the numbers of the axis above it
    figure = new_figure(whole, tall, measured=False)
    wide = (whole - _LEFT - _RIGHT - right - (across - 1) * _ACROSS) / across
    high = (tall - _BOTTOM - _TOP - rows * _ROW - title - (down - 1) * between) / down
    figure.subplots_adjust(
        left=_LEFT / whole,
        right=1 - (_RIGHT + right) / whole,
        bottom=_BOTTOM / tall,
        top=1 - (_TOP + rows * _ROW + title) / tall,
        wspace=_ACROSS / wide,
        hspace=between / high,
    )
    return figure, [figure.add_subplot(down, across, 1 + i) for i in range(count)]


def tidy(axes: "Axes", *, grid: bool = True) -> None:
    """No frame on top and right, few and small ticks, a faint grid behind the data."""
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(QUIET)
    axes.tick_params(labelsize=SMALL, color=QUIET)
    axes.set_axisbelow(True)
    axes.yaxis.get_offset_text().set(fontsize=SMALL, horizontalalignment="right", x=-0.015)  # beside a title, not on it
    if grid:
        axes.grid(color=SHADE, linewidth=0.8)


def whole_numbers(axes: "Axes") -> None:
    """Ticks of the x-axis at whole steps, epochs or updates alone."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))


def decades(axes: "Axes", which: Literal["x", "y"] = "y") -> None:
    """A logarithmic axis, with a plain number at each power of ten."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis=which, which="minor", color=QUIET)


def title(axes: "Axes", text: str, *, color: str = INK) -> None:
    axes.set_title(text, fontsize=NORMAL, color=color, loc="left", y=1.0, **PLAIN)  # a given place is not measured


def legend(figure: "Figure", handles: list[Any], *, columns: int = 4) -> None:
    """One legend for all panels, above them, where `panels` left room for its rows or the layout makes it."""
    if handles:
        measured = figure.get_layout_engine() is not None
        figure.legend(
            handles=handles,
            loc="outside upper center" if measured else "upper center",
            bbox_to_anchor=None if measured else (0.5, 1),
            borderaxespad=0.2,
            ncols=columns,
            fontsize=SMALL,
            frameon=False,
        )


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
    if figure.get_layout_engine() is None:  # one of `panels`
        for axes in figure.axes:
            draw_ticks(axes)
    with warnings.catch_warnings():  # a class name in a script that the font lacks is drawn as boxes
        warnings.filterwarnings("ignore", message=r"(?s)Glyph .* missing from", category=UserWarning)
        canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()  # type: ignore[no-untyped-call]
