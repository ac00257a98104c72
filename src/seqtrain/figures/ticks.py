"""Ticks, their numbers and the grid: two artists an axis and a text a number, in place of five artists a tick.

matplotlib makes and measures five artists for every tick, those outside of the view too: half of the time that a
figure of several panels takes.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.text import Text

_LENGTH, _PAD, _NAME = 3.5, 3.5, 4.0  # points: of a tick, from it to its number, from the numbers to the axis' name


def draw_ticks(axes: "Axes") -> None:
    """Put ticks at the bottom and at the left of an axes that is painted otherwise, as its `tick_params` say."""
    from matplotlib.ticker import NullLocator

    axes.apply_aspect()  # an axes of equal units takes its place only now
    for axis, x in ((axes.xaxis, True), (axes.yaxis, False)):
        if axis.get_tick_params()["labeltop" if x else "labelright"]:  # a bar of colours: left to matplotlib
            continue
        if isinstance(axis.get_major_locator(), NullLocator):  # drawn already
            continue
        numbers = [*_draw(axes, axis, x=x, minor=True), *_draw(axes, axis, x=x, minor=False)]
        if axis.get_label_text():
            _place_name(axes, axis, numbers, x=x)


def _draw(axes: "Axes", axis: "Axis", *, x: bool, minor: bool) -> "list[Text]":
    """The ticks of an axis, and none of matplotlib's own; their numbers."""
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D
    from matplotlib.markers import TICKDOWN, TICKLEFT

    look: dict[str, Any] = axis.get_tick_params(which="minor" if minor else "major")
    seen = _taken(axis, minor=minor)
    way = 1 if x else -1  # (along, across) as (x, y)
    along = axes.get_xaxis_transform() if x else axes.get_yaxis_transform()
    order = 0.5 if axes.get_axisbelow() is True else 1.5
    if look["gridOn"]:
        lines = [[(place, 0)[::way], (place, 1)[::way]] for place in seen]
        grid = LineCollection(lines, colors=look["grid_color"], linewidths=look["grid_linewidth"])
        grid.set(capstyle="projecting", transform=along, zorder=order)
        axes.add_artist(grid)
    length: float = look.get("length", _LENGTH / 2 if minor else _LENGTH)
    if length and seen:
        across, points = [0.0] * len(seen), [*seen]
        marks = Line2D(points if x else across, across if x else points, color=look.get("color", "black"))
        marks.set(marker=TICKDOWN if x else TICKLEFT, markersize=length, markeredgewidth=0.6 if minor else 0.8)
        marks.set(linestyle="none", transform=along, clip_on=False, zorder=order)
        axes.add_artist(marks)
    if not look["labelbottom" if x else "labelleft"]:
        return []
    place_of = axes.get_xaxis_text1_transform if x else axes.get_yaxis_text1_transform
    transform, vertical, horizontal = place_of(length + _PAD)
    style: Any = {"va": vertical, "ha": horizontal, "transform": transform, "fontsize": look.get("labelsize")}
    return [axes.text(place if x else 0, 0 if x else place, text, **style) for place, text in seen.items() if text]


def _taken(axis: "Axis", *, minor: bool) -> dict[float, str]:
    """The places of ticks within the view, and what is written there; from now on matplotlib makes none itself."""
    from matplotlib.ticker import NullLocator

    places = [float(place) for place in axis.get_ticklocs(minor=minor)]
    texts = (axis.get_minor_formatter() if minor else axis.get_major_formatter()).format_ticks(places)
    (axis.set_minor_locator if minor else axis.set_major_locator)(NullLocator())
    low, high = sorted(axis.get_view_interval())
    slack = 1e-9 * (high - low)
    return {place: text for place, text in zip(places, texts, strict=True) if low - slack <= place <= high + slack}


def _place_name(axes: "Axes", axis: "Axis", numbers: "list[Text]", *, x: bool) -> None:
    """An axis' name beside its numbers, of which matplotlib knows none."""
    from matplotlib.transforms import IdentityTransform

    box = axes.get_window_extent()
    boxes = [box, *(number.get_window_extent() for number in numbers)]
    pad = _NAME * axes.figure.dpi / 72
    if x:
        place = (box.x0 + box.x1) / 2, min(each.y0 for each in boxes) - pad
    else:
        place = min(each.x0 for each in boxes) - pad, (box.y0 + box.y1) / 2
    axis.set_label_coords(*place, transform=IdentityTransform())
