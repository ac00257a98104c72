"""The commands: `seqtrain COMMAND [RUN or files] [key=value …]`. The only place that knows Hydra."""

import importlib
import logging
import os
import sys
from collections.abc import Sequence

from seqtrain.commands.notes import notes_shown
from seqtrain.errors import WrongInput
from seqtrain.nearest import did_you_mean

COMMANDS = {
    "train": "train a model: seqtrain train model=lstm data=sincos",
    "tune": "search for good settings: seqtrain tune model=lstm data=sincos space=recurrent trials=50",
    "list": "what there is to choose, and the settings of a choice: seqtrain list model=lstm",
    "inspect": "walk through a model's dimensions: seqtrain inspect model=conv1d data=mel",
    "evaluate": "how well a trained model does, with intervals: seqtrain evaluate RUN",
    "predict": "what a trained model says of your files: seqtrain predict RUN FILES output=FILE",
    "export": "a trained model as ONNX, or to share: seqtrain export RUN format=onnx",
    "compare": "runs and sweeps side by side, with intervals and tests: seqtrain compare PATH",
}


def main(typed: Sequence[str] | None = None) -> int:
    """Run a command; the exit status: 0 done, 2 a wrong setting or input, 130 Ctrl-C, 1 anything else."""
    words = [*(sys.argv[1:] if typed is None else typed)]  # in this package `list` is a command
    try:
        with notes_shown(logging.WARNING if words[:1] == ["inspect"] else logging.INFO):
            status = _run(words)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # whoever read standard output, such as head, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except WrongInput as error:
        print("\n".join(str(error).splitlines()[:5]), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _run(words: Sequence[str]) -> int:
    if words and words[0] in ("-sc", "--shell-completion"):
        _complete_for_command()
        words = ("train", *words)
    if not words or words[0] in ("-h", "--help", "help"):
        print(_help())
        return 0
    if words[0] == "--version":
        from seqtrain import __version__

        print(f"seqtrain {__version__}")
        return 0
    command, *rest = words
    if command not in COMMANDS:
        raise WrongInput(
            f"{command} is no command of seqtrain{did_you_mean(command, COMMANDS)} (there are {', '.join(COMMANDS)})"
        )
    status: int = importlib.import_module(f"seqtrain.commands.{command}").main(rest)
    return status


def _complete_for_command() -> None:
    """A shell asks for `seqtrain train mod…` with the whole line; Hydra knows no commands."""
    line = os.environ.get("COMP_LINE", "").split(" ")
    if len(line) > 1 and line[1] in COMMANDS:
        os.environ["COMP_LINE"] = " ".join([line[0], *line[2:]])


def _help() -> str:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:{width}}  {meaning}" for name, meaning in COMMANDS.items())
    return f"""seqtrain trains models on sequences from a config.

usage: seqtrain COMMAND [key=value …]

{commands}

seqtrain train --help has the groups, the settings and examples."""
