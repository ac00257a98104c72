"""The cases of a GPU, and the ways in which a bare loop may train there."""

from dataclasses import dataclass
from functools import cached_property

from omegaconf import DictConfig
from torch import Tensor
from torch.nn.functional import cross_entropy, pad
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benchmarks.case import Case
from benchmarks.cases import step_loss
from benchmarks.layers import BareConv, BareRecurrent, BareSketchmate
from seqtrain.commands.arguments import read_arguments
from seqtrain.commands.trials import check_trials

EPOCHS = 6  # of which the last is timed: a graph is captured when the first batch of its length comes


class GpuCase(Case):
    """A case whose `most` is of wall time, to the first of the bare loops."""

    @cached_property
    def config(self) -> DictConfig:
        words = [*self.settings, "trainer=gpu", f"trainer.max_epochs={EPOCHS}"]
        return check_trials(read_arguments(words)).every[0].config


@dataclass(frozen=True)
class Way:
    """How a bare loop trains.

    Args:
        adam: which of torch's ways to make its step.
        packed: whether an LSTM is told the lengths, which lie on the CPU in the order that it wants; else it reads the
            padding too, which is no longer the same model.
        mixed: random batches, all padded to the longest sequence; else seqtrain's, each cut to its own longest.
    """

    adam: str = "foreach"
    packed: bool = False
    mixed: bool = False


class Drawn(BareSketchmate):
    """The bare SketchMate for batches of any length: (B, F, T), and lengths (B,) on the CPU or None -> (B, C)."""

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        steps = self.strokes(inputs).transpose(1, 2)  # (B, T', C)
        if lengths is None:
            steps = self.order(steps)[0]
        else:
            left = (lengths - 10).clamp(min=1)
            packed = self.order(pack_padded_sequence(steps, left, batch_first=True))[0]
            steps = pad_packed_sequence(packed, batch_first=True, total_length=steps.shape[1])[0]
        most = self.linear.in_features // steps.shape[2]
        return self.linear(pad(steps, (0, 0, 0, most - steps.shape[1])).flatten(1))


_LSTM = ("model=lstm", "model.hidden=32", "data=sincos", "data.train_size=12800", "data.test_size=320")
_CONV = ("model=conv1d", "data=mel", "data.batch_size=64", "data.train_size=3000", "data.test_size=100")
_DRAWN = ("model=sketchmate", "data=sketch", "data.batch_size=512", "data.length_pool=20", "data.train_size=6827")
_DRAWN += ("data.test_size=600", "data.scale=0", "data.drop=0")
_BF16 = "trainer.precision=bf16"

GPU_CASES = {
    "lstm": (
        GpuCase("lstm", _LSTM, BareRecurrent, step_loss, 0.33),
        {"foreach Adam": Way(), "fused Adam": Way("fused")},
    ),
    "conv1d": (
        GpuCase("conv1d, bf16", (*_CONV, _BF16), BareConv, cross_entropy, 1.03, channels_first=True),
        {"foreach Adam": Way(), "fused Adam": Way("fused")},
    ),
    "sketchmate": (
        GpuCase("sketchmate, bf16", (*_DRAWN, _BF16), Drawn, cross_entropy, 1.03, channels_first=True),
        {
            "packed": Way(packed=True),
            "packed, fused Adam": Way("fused", packed=True),
            "padding read too": Way(),
            "padding read too, random batches": Way(mixed=True),
        },
    ),
}
