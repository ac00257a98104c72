"""`seqtrain export`: a trained model as ONNX, or as a folder of weights and JSON to share."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from omegaconf import DictConfig

from seqtrain.commands.run_data import load_run_data
from seqtrain.commands.run_words import read_words
from seqtrain.errors import WrongInput

if TYPE_CHECKING:
    from seqtrain.sequences import Sequences
    from seqtrain.trained import Trained

_HELP = """seqtrain export writes a trained model for use elsewhere.

usage: seqtrain export RUN [format=onnx|safetensors] [output=PATH]

  format=onnx          a file that onnxruntime reads, of any batch and length, normalising inside; held against the
                       model on sequences of the run's own data, and on random ones of several lengths, before it is
                       called done (default; RUN/model.onnx)
  format=safetensors   a folder with the weights and seqtrain.json, on whose loading no code runs; seqtrain predict and
                       seqtrain.load take it in place of a run (RUN/shared)

ONNX needs: pip install 'seqtrain[export]'"""


class Settings:
    """What `key=value` may say; see the help."""

    def __init__(
        self,
        *,
        format: Literal["onnx", "safetensors"] = "onnx",  # noqa: A002 (as it is typed)
        output: str | None = None,
    ) -> None:
        self.format = format
        self.output = Path(output).expanduser() if output else None


def main(typed: list[str]) -> int:
    """Export what was typed; the exit status. WrongInput: a mistake in it, or an export that is not the model."""
    if not typed or {"-h", "--help"} & set(typed):
        print(_HELP)
        return 0
    words, settings = read_words(typed, Settings, "export")
    if len(words) != 1:
        raise WrongInput(f"export takes one RUN, and {len(words)} were given: {' '.join(words) or '(none)'}")
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # its tracing warns of what is checked below
    from seqtrain.trained import load

    trained = load(words[0])
    if settings.format == "onnx":
        from seqtrain.export.onnx import export_onnx

        output = settings.output or Path(words[0]) / "model.onnx"
        if output.suffix != ".onnx":
            raise WrongInput(f"output is {output}: an ONNX file ends in .onnx")
        difference = export_onnx(trained, output, _examples(trained))
        print(f"{output}: {_size(output)}, at most {difference:.1e} from the model in onnxruntime")
    else:
        from seqtrain.export.shared import WEIGHTS, write_shared

        output = settings.output or Path(words[0]) / "shared"
        write_shared(trained.network, trained.spec, trained.config, output)
        print(f"{output}: {_size(output / WEIGHTS)} of weights, read back and the same")
    return 0


def _examples(trained: "Trained") -> "Sequences | None":
    """What the run was tested on, to hold an export against. None, and told: it cannot be read."""
    from seqtrain.stored_config import part_of

    node = part_of(trained.config, "data")
    if not isinstance(node, DictConfig):
        return None
    try:
        return load_run_data(trained, node).looked_at
    except WrongInput as error:
        print(f"held against random sequences only, since the run's data cannot be read: {error}", file=sys.stderr)
        return None


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:,.2f} MB"
