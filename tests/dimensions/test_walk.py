"""The walk tells what every layer sees, in the order in which layers run."""

import copy

import pytest
import torch
from torch import Tensor, nn

from seqtrain.batch import Batch, zero_padding
from seqtrain.dimensions import Layer, walk
from seqtrain.errors import WrongInput
from seqtrain.heads import LogProbabilities, StepHead, sequence_head
from seqtrain.models.conv import ConvStack
from seqtrain.models.recurrent import Recurrent
from seqtrain.models.sketchmate import Sketchmate
from seqtrain.network import Network, Normalize
from seqtrain.sequences import Statistics


def a_batch(lengths: list[int], features: int) -> Batch:
    given = torch.tensor(lengths)
    inputs = zero_padding(torch.randn(len(lengths), max(lengths), features), given)
    return Batch(inputs, given, torch.zeros(len(lengths), dtype=torch.int64), None, torch.arange(len(lengths)))


def classifier(backbone: nn.Module, *, features: int, longest: int, classes: int, read: str) -> Network:
    head = sequence_head(backbone, classes, features=features, longest=longest, read=read)  # type: ignore[arg-type]
    return Network(None, backbone, LogProbabilities(head))


def by_name(layers: tuple[Layer, ...]) -> dict[str, Layer]:
    return {layer.name: layer for layer in layers}


def test_a_convolution_sees_channels_before_time_and_writes_its_sum():
    backbone = ConvStack(128, channels=[128], kernel_size=4, padding=2)
    network = classifier(backbone, features=128, longest=129, classes=10, read="mean")
    conv = walk(network, a_batch([129] * 10, 128)).layers[0]
    assert (conv.name, conv.kind, conv.parameters) == ("backbone.layers.0.conv", "Conv1d", 128 * 128 * 4 + 128)
    assert (conv.input, conv.output) == ((10, 128, 129), (10, 128, 130))
    assert conv.notes == ("T' = floor((129 + 2*2 - 1*(4-1) - 1)/1) + 1 = 130",)
    assert [(each.name, each.shape) for each in conv.tensors] == [("weight", (128, 128, 4)), ("bias", (128,))]


def test_sketchmate_goes_through_its_published_shapes():
    batch = 4  # 512 in the paper's code
    network = classifier(Sketchmate(3, longest=196), features=3, longest=196, classes=40, read="flatten")
    walked = walk(network, a_batch([196] * batch, 3))
    shapes = [layer.output for layer in walked.layers if not layer.kind.startswith("Dropout")]
    sizes = [(48, 192), (64, 188), (96, 186), (186, 512), (95232,), (40,), (40,)]
    assert shapes == [(batch, *size) for size in sizes]
    assert walked.layers[0].input == (batch, 3, 196)
    assert walked.size.parameters == walked.size.trainable == 4_569_032
    assert sum(layer.parameters for layer in walked.layers) == 4_569_032
    assert walked.size.parameter_bytes == 4 * 4_569_032
    assert (walked.lengths, walked.lengths_out) == ((196, 196), (186, 186))


def test_layers_come_in_the_order_in_which_they_run():
    statistics = Statistics(torch.zeros(3), torch.ones(3))
    backbone = ConvStack(3, channels=[4, 8], norm="layer", activation="gelu")
    head = LogProbabilities(sequence_head(backbone, 5, features=3, longest=9, read="max"))
    walked = walk(Network(Normalize(statistics), backbone, head), a_batch([9, 4], 3))
    assert [(layer.name, layer.kind) for layer in walked.layers] == [
        ("normalize", "Normalize"),
        ("backbone.layers.0.conv", "Conv1d"),
        ("backbone.layers.0.norm", "ChannelNorm"),
        ("backbone.layers.0.activation", "GELU"),
        ("backbone.layers.0.dropout", "Dropout(0.1)"),
        ("backbone.layers.1.conv", "Conv1d"),
        ("backbone.layers.1.norm", "ChannelNorm"),
        ("backbone.layers.1.activation", "GELU"),
        ("backbone.layers.1.dropout", "Dropout(0.1)"),
        ("head.head.pool", "max_over_time"),
        ("head.head.linear", "Linear"),
        ("head", "LogProbabilities"),
    ]
    assert walked.size.buffer_bytes == 2 * 3 * 4
    assert not walked.not_run


def test_what_does_nothing_is_no_layer():
    backbone = ConvStack(3, channels=4, norm="none", activation="none", dropout=0.0)
    walked = walk(Network(None, backbone, StepHead(4, 1)), a_batch([9, 4], 3))
    assert [layer.name for layer in walked.layers] == ["backbone.layers.0.conv", "head.linear"]


@pytest.mark.parametrize(
    ("read", "width", "note"),
    [
        ("mean", 4, "reads the mean over the valid steps"),
        ("max", 4, "reads the largest value of each feature over the valid steps"),
        ("last", 4, "reads the last valid step"),
        ("flatten", 36, "reads 9 steps side by side (zeros where fewer): 9*4 = 36"),
    ],
)
def test_a_head_tells_how_it_reads(read: str, width: int, note: str):
    network = classifier(Recurrent(3, cell="gru", hidden=4), features=3, longest=9, classes=5, read=read)
    layers = walk(network, a_batch([7, 2], 3)).layers
    reads, linear, last = layers[-3:]
    assert (reads.input, reads.output, reads.notes) == ((2, 7, 4), (2, width), (note,))
    assert (linear.input, linear.output, linear.parameters) == ((2, width), (2, 5), 5 * width + 5)
    assert (last.input, last.output, last.letters) == ((2, 5), (2, 5), "(B, C)")


def test_a_head_at_every_step_says_so():
    layers = walk(Network(None, Recurrent(3, cell="gru", hidden=4), StepHead(4, 2)), a_batch([7, 2], 3)).layers
    assert layers[-1].notes == ("reads every step by itself",)
    assert (layers[-1].input, layers[-1].output) == ((2, 7, 4), (2, 7, 2))


def test_a_learned_initial_state_is_a_layer():
    backbone = Recurrent(3, cell="lstm", hidden=4, num_layers=2, initial_state="learned")
    walked = walk(Network(None, backbone, StepHead(4, 2)), a_batch([7, 2], 3))
    start = walked.layers[0]
    assert (start.name, start.parameters, start.tensors[0].shape) == ("backbone", 2 * 2 * 4, (2, 2, 1, 4))
    assert sum(layer.parameters for layer in walked.layers) == walked.size.parameters


def test_sequences_shorter_than_the_field_are_filled_up():
    walked = walk(Network(None, Sketchmate(3, hidden=4), StepHead(8, 2)), a_batch([5, 2], 3))
    fill, conv = walked.layers[:2]
    assert (fill.name, fill.input, fill.output) == ("backbone.strokes.fill", (2, 5, 3), (2, 11, 3))
    assert conv.input == (2, 3, 11)
    assert (walked.lengths, walked.lengths_out) == ((2, 5), (1, 1))


class Looped(nn.Module):
    """A user's model: one cell in a loop, and a layer that it forgets."""

    def __init__(self, out: int = 4) -> None:
        super().__init__()
        self.out_features = 4
        self.cell = nn.GRUCell(3, 4)
        self.mix = nn.Sequential(nn.Linear(4, 6), nn.Linear(out, 4))
        self.forgotten = nn.Linear(2, 2)

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        state, states = None, []
        for step in inputs.unbind(1):
            state = self.cell(step, hx=state)
            states.append(state)
        return self.mix(torch.stack(states, 1)), lengths


def test_a_layer_that_runs_often_is_listed_once():
    walked = walk(Network(None, Looped(6), StepHead(4, 2)), a_batch([7, 2], 3))
    cell = walked.layers[0]
    assert (cell.name, cell.kind, cell.calls) == ("backbone.cell", "GRUCell", 7)
    assert (cell.input, cell.output) == ((2, 3), (2, 4))


def test_parameters_that_no_layer_uses_are_named():
    walked = walk(Network(None, Looped(6), StepHead(4, 2)), a_batch([7, 2], 3))
    assert walked.not_run == (("backbone.forgotten.weight", 4), ("backbone.forgotten.bias", 2))


def test_layers_that_do_not_fit_are_named():
    with pytest.raises(WrongInput) as error:
        walk(Network(None, Looped(5), StepHead(4, 2)), a_batch([7, 2], 3))
    assert str(error.value) == (
        "layer backbone.mix.1 (Linear) cannot take (2, 7, 6): mat1 and mat2 shapes cannot be multiplied "
        "(14x6 and 5x4): change its settings, or those of the layer before it"
    )


def test_shared_and_frozen_parameters_are_counted_right():
    network = Network(None, Looped(6), StepHead(4, 2))
    network.backbone.mix[1] = network.backbone.mix[0]  # type: ignore[index, union-attr]
    network.backbone.mix[0].in_features = 4  # type: ignore[index, union-attr]
    network.head.requires_grad_(False)
    size = walk_size(network)
    assert size.parameters == (3 * 4 * (3 + 4) + 2 * 12) + (4 * 6 + 6) + 6 + 10
    assert size.trainable == size.parameters - 10


def walk_size(network: nn.Module):
    from seqtrain.dimensions.walk import size

    return size(network)


def test_the_network_stays_as_it_was():
    network = Network(None, ConvStack(3, channels=4), StepHead(4, 1)).train()
    network.backbone.layers[0].norm.eval()  # type: ignore[union-attr, index]
    before = copy.deepcopy(network.state_dict())
    modes = [module.training for module in network.modules()]
    walk(network, a_batch([9, 4], 3))
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert [module.training for module in network.modules()] == modes
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
