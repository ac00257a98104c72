"""The cases: what is compared, and which ratio is aimed at."""

import os
from pathlib import Path

from torch import Tensor
from torch.nn.functional import cross_entropy, mse_loss

from benchmarks.case import Case
from benchmarks.layers import BareConv, BareRecurrent, BareSketchmate, Own

_UNSCORED = 10  # of data=sincos
_SINCOS = ("data=sincos", "data.batch_size=32")
_RAW = Path(os.environ.get("SEQTRAIN_DATA", "data")) / "sketch" / "quickdraw_raw"
_DRAWINGS = ("data=quickdraw", f"data.folder={_RAW.absolute()}", "data.cache=null")  # 48 to 196 points, 169 on average
_MADE = ("data=sketch", "data.train_size=640", "data.test_size=256")  # 43 points on average, at most 132
_UNCHANGED = ("data.scale=0", "data.drop=0", "data.batch_size=128", "data.length_pool=20")
# without dropout, which draws in the order in which values lie in memory
_MEL = (
    "model=conv1d",
    "model.dropout=0",
    "data=mel",
    "data.batch_size=64",
    "data.train_size=720",
    "data.test_size=4096",  # two turns of an evaluation
)


def step_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    return mse_loss(outputs[:, _UNSCORED:], targets[:, _UNSCORED:])


def _recurrent(cell: str, hidden: int, most: float, *more: str) -> Case:
    name = "-".join([cell, *(["fused"] if not more else []), *([str(hidden)] if hidden > 32 else [])])
    size = 6144 if hidden == 32 else 2048  # 192 updates an epoch, or 64
    sizes = (f"data.train_size={size}", f"data.test_size={size}")
    settings = (f"model={cell}", f"model.hidden={hidden}", *_SINCOS, *sizes, *more)
    return Case(name, settings, BareRecurrent, step_loss, most, epochs=6 if hidden == 32 else 3)


def _sketchmate(name: str, *data: str) -> Case:
    settings = ("model=sketchmate", *data, *_UNCHANGED)
    return Case(name, settings, BareSketchmate, cross_entropy, 0.75, channels_first=True, epochs=4, pads_all=True)


_ALL = [
    _recurrent("lstm", 32, 1.08, "model.kernel=torch"),
    _recurrent("rnn", 32, 1.05, "model.kernel=torch"),
    _recurrent("gru", 32, 1.05, "model.kernel=torch"),
    _recurrent("lstm", 32, 1.0),
    _recurrent("rnn", 32, 0.30),
    _recurrent("gru", 32, 0.25),
    _recurrent("lstm", 128, 1.0),
    _recurrent("rnn", 128, 1.0),
    _recurrent("gru", 128, 1.0),
    _recurrent("lstm", 256, 1.0),
    _recurrent("rnn", 256, 1.0),
    _recurrent("gru", 256, 1.0),
    _sketchmate("sketchmate", *_MADE),
    *([_sketchmate("sketchmate-raw", *_DRAWINGS)] if _RAW.is_dir() else []),
    Case("conv1d", _MEL, BareConv, cross_entropy, 1.03, channels_first=True, epochs=6),
]

_PAPERS = ("fcn", "resnet1d", "inception", "lstm_fcn", "tcn", "transformer", "s4d", "mingru", "minirocket")
_ALL += [
    Case(
        name,
        (f"model={name}", "data=mel", "data.batch_size=32", "data.train_size=360", "data.test_size=640"),
        Own,
        cross_entropy,
        1.05,
        epochs=4,
    )
    for name in _PAPERS
]

CASES = {case.name: case for case in _ALL}
