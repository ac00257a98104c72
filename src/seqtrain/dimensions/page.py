"""A walk as a page of text: every line can be searched for, and fits 100 columns where names are no longer."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.text import Text

from seqtrain.dimensions.layer import Dimensions, Layer, Size, Walk

_LETTERS = "B sequences, T steps, F features, C channels or classes, H hidden features; X' is X as it leaves"


def page(walk: Walk) -> RenderableType:
    """Layers in the order in which they run, with their notes and tensors below them, and totals."""
    return Group(*_layers(walk.layers), Text(), *_totals(walk))


def section(title: str, lines: Mapping[str, str]) -> RenderableType:
    """A title and, below it, what is known, by name; a long text goes on below where it began."""
    width = max(map(len, lines), default=0) + 4
    rows = [Hanging(Text(f"  {name}".ljust(width), style="cyan"), Text(text)) for name, text in lines.items()]
    return Group(Text(title, style="bold"), *rows)


class Hanging:
    """A text whose further lines begin where the first did, to the right of a margin that may hold a name."""

    def __init__(self, margin: Text, body: Text) -> None:
        self._margin, self._body = margin, body

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        margin = self._margin
        for line in self._body.wrap(console, max(options.max_width - len(margin), 10)):
            line.rstrip()
            yield margin + line
            margin = Text(" " * len(margin))


def _layers(layers: tuple[Layer, ...]) -> Iterator[RenderableType]:
    yield Text(_LETTERS)
    rows = [
        (layer.name, layer.kind, f"{_shape(layer.input)} -> {_shape(layer.output)}", f"{layer.parameters:,}")
        for layer in layers
    ]
    heads = ("layer", "kind", "its input -> its output", "parameters")
    name, kind, shapes, count = (max(map(len, column)) for column in zip(heads, *rows, strict=True))
    yield Text(f"{heads[0]:{name}}  {heads[1]:{kind}}  {heads[2]:{shapes}}  {heads[3]:>{count}}", style="bold")
    for layer, row in zip(layers, rows, strict=True):
        line = Text(f"{row[0]:{name}}", style="cyan")
        yield line.append(f"  {row[1]:{kind}}  {row[2]:{shapes}}  {row[3]:>{count}}", style="default")
        for detail in _details(layer):
            yield Hanging(Text("    "), Text(detail, style="dim"))


def _details(layer: Layer) -> Iterator[str]:
    if layer.letters:
        yield ": ".join([layer.letters, *layer.notes[:1]])
    yield from layer.notes[1:] if layer.letters else layer.notes
    for meaning, tensors in groupby(layer.tensors, key=lambda each: each.meaning):
        lines = list(_tensors(tensors))
        yield from (f"{line}: {meaning}" for line in lines) if meaning else [", ".join(lines)]
    if layer.calls > 1:
        yield f"ran {layer.calls} times; the shapes are those of the first"


def _tensors(tensors: Iterable[Dimensions]) -> Iterator[str]:
    """Neighbours of the same dimensions together: bias_ih_l0, bias_hh_l0 (4*hidden) = (256)."""
    for (letters, shape), alike in groupby(tensors, key=lambda each: (each.letters, each.shape)):
        names = ", ".join(each.name for each in alike)
        yield f"{names} {letters} = {_shape(shape)}" if letters else f"{names} {_shape(shape)}"


def _totals(walk: Walk) -> Iterator[RenderableType]:
    lengths = f"sequences of {span(*walk.lengths)} leave the backbone with {span(*walk.lengths_out)}"
    yield Text(lengths if walk.lengths[0] == walk.lengths[1] else f"{lengths}; the rest is padding")
    for name, count in walk.not_run:
        yield Text(f"{name} ({count:,} parameters) is of no layer that ran", style="yellow")
    yield Text(_size(walk.size), style="bold")


def _size(size: Size) -> str:
    trainable = "all trainable" if size.trainable == size.parameters else f"{size.trainable:,} of them trainable"
    buffers = f", and {_bytes(size.buffer_bytes)} of statistics" if size.buffer_bytes else ""
    return f"{size.parameters:,} parameters, {trainable}: {_bytes(size.parameter_bytes)}{buffers}"


def span(shortest: int, longest: int) -> str:
    """129 steps; 11 to 196 steps."""
    if shortest != longest:
        return f"{shortest:,} to {longest:,} steps"
    return f"{longest:,} step" if longest == 1 else f"{longest:,} steps"


def _bytes(count: int) -> str:
    return f"{count:,} bytes" if count < 10_000 else f"{count / 1e6:,.2f} MB"


def _shape(shape: tuple[int, ...]) -> str:
    return str(shape) if len(shape) != 1 else f"({shape[0]})"
