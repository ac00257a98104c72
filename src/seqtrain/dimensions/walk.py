"""A batch goes through a network, and every layer is asked what it saw."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from seqtrain.batch import Batch
from seqtrain.dimensions.convolution import added_by
from seqtrain.dimensions.kinds import AFTER, WHOLE, does_nothing, facts, kind
from seqtrain.dimensions.layer import Layer, Shape, Size, Walk, shape_of
from seqtrain.dimensions.reading import reading
from seqtrain.errors import WrongInput
from seqtrain.heads import output_lengths
from seqtrain.network import Network


def walk(network: Network, batch: Batch) -> Walk:
    """What every layer makes of a batch, in evaluation; the network stays as it was.

    Raises WrongInput where a layer cannot take what it is handed, naming it and the shape.
    """
    visitor = _Visitor(network)
    # Shapes depend on the longest sequence alone, and layers that read both ways take equal lengths in one call.
    whole = torch.full_like(batch.lengths, batch.inputs.shape[1])
    with _evaluating(network), torch.no_grad():
        with visitor.listening():
            try:
                network(batch.inputs, whole)
            except RuntimeError as error:
                raise WrongInput(visitor.failure(error)) from error
        lengths_out = output_lengths(network.backbone, batch.inputs.shape[2], batch.lengths.tolist())
    return Walk(
        layers=visitor.layers(),
        lengths=_ends(batch.lengths.tolist()),
        lengths_out=_ends(lengths_out),
        not_run=visitor.not_run(),
        size=size(network),
    )


def size(network: nn.Module) -> Size:
    """How large a network is; shared parameters count once."""
    parameters = list(network.parameters())
    return Size(
        parameters=sum(p.numel() for p in parameters),
        trainable=sum(p.numel() for p in parameters if p.requires_grad),
        parameter_bytes=sum(p.nbytes for p in parameters),
        buffer_bytes=sum(b.nbytes for b in network.buffers()),
    )


class _Visitor:
    """Listens to the modules of a network while a batch goes through, and writes down layers."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._names = {module: name for name, module in network.named_modules()}
        self._owners = {child: module for module in network.modules() for child in module.children()}
        self._shown = _layers_of(network)
        self._inside: list[tuple[nn.Module, Shape]] = []
        self._found: dict[str, Layer] = {}

    @contextmanager
    def listening(self) -> Iterator[None]:
        with ExitStack() as handles:
            for module in self._names:
                for hook in (
                    module.register_forward_pre_hook(self._enter, with_kwargs=True),
                    module.register_forward_hook(self._leave, with_kwargs=True),
                ):
                    handles.callback(hook.remove)
            yield

    def layers(self) -> tuple[Layer, ...]:
        return tuple(self._found.values())

    def not_run(self) -> tuple[tuple[str, int], ...]:
        counted = {p for module in self._shown if self._names[module] in self._found for p in _parameters(module)}
        return tuple((name, p.numel()) for name, p in self._network.named_parameters() if p not in counted)

    def failure(self, error: RuntimeError) -> str:
        if not self._inside:
            return str(error).splitlines()[0]
        module, shape = self._inside[-1]
        return (
            f"layer {self._names[module] or 'network'} ({kind(module)}) cannot take {shape}: "
            f"{str(error).splitlines()[0].rstrip('.')}: change its settings, or those of the layer before it"
        )

    def _enter(self, module: nn.Module, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        given = (*args, *kwargs.values())
        entered = shape_of(given) or ()
        self._inside.append((module, entered))
        if module in self._shown and not isinstance(module, AFTER):
            self._begin(module, entered)  # now, so that it comes before its parts; `_leave` fills it in
        step = reading(module, given)
        if step is not None:
            name = f"{self._names[module]}.{step.name}"
            self._found[name] = Layer(name, step.kind, entered, step.output, 0, step.facts.letters, step.facts.notes)

    def _leave(self, module: nn.Module, args: tuple[object, ...], kwargs: dict[str, object], answer: Any) -> None:
        self._inside.pop()
        if module not in self._shown:
            return
        given = (*args, *kwargs.values())
        left = shape_of(answer) or ()
        entered = left if isinstance(module, AFTER) else shape_of(given) or ()
        layer = self._begin(module, entered)
        if layer.output:  # it ran before
            self._found[layer.name] = replace(layer, calls=layer.calls + 1)
            return
        told = facts(module, self._owners.get(module), layer.input, given[0] if given else None, answer)
        self._found[layer.name] = replace(
            layer, output=left, letters=told.letters, notes=told.notes, tensors=told.tensors
        )

    def _begin(self, module: nn.Module, entered: Shape) -> Layer:
        name = self._names[module]
        if name not in self._found:
            if isinstance(module, nn.Conv1d):
                entered = (*entered[:-1], entered[-1] - added_by(self._owners.get(module)))
            count = sum(p.numel() for p in _parameters(module))
            self._found[name] = Layer(name, kind(module), entered, (), count)
        return self._found[name]


def _layers_of(network: nn.Module) -> set[nn.Module]:
    """The modules that are listed: layers of a known kind, modules without parts, and those with own parameters."""
    shown: set[nn.Module] = set()

    def visit(module: nn.Module) -> None:
        if does_nothing(module) and not any(True for _ in module.children()):
            return
        children = [] if isinstance(module, WHOLE) else list(module.children())
        own = next(module.parameters(recurse=False), None) is not None
        if not children or own or isinstance(module, AFTER):
            shown.add(module)
        for child in children:
            visit(child)

    visit(network)
    return shown


def _parameters(module: nn.Module) -> list[nn.Parameter]:
    return list(module.parameters(recurse=isinstance(module, WHOLE)))


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    training = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, was in training.items():
            module.training = was


def _ends(lengths: list[int]) -> tuple[int, int]:
    return min(lengths), max(lengths)
