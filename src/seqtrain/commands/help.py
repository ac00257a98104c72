"""What `seqtrain train --help` prints: examples, flags, and every group with its options."""

import textwrap

from seqtrain.commands.configs import Configs

_INTERNAL = ("loading",)  # a part of every data config, and no choice

_TEXT = """Train a model on sequences.

usage: seqtrain train [flags] [group=option …] [key=value …]
       python train.py does the same from a checkout

Examples:
  seqtrain train model=lstm data=sincos
  seqtrain train model=gru data=mel optimizer.lr=0.01 trainer.max_epochs=5
  seqtrain train -m model=rnn,lstm,gru seed=0,1,2
  seqtrain train resume=outputs/runs/sincos-lstm/2026-01-31_12-00-00-000000

Flags:
  -m, --multirun     train every combination of the values given with commas
  --cfg job          show the config and train nothing (--resolve, --package NODE)
  --config-dir DIR   add a folder of your own configs
  --trust PACKAGE    let configs build classes of a package
  --shell-completion install=bash (or fish, zsh)
  --hydra-help       what else Hydra can do

Groups (group=option):
{groups}

Settings (key=value), with their ranges: seqtrain list model=lstm
The whole config, with every key:        seqtrain train model=lstm --cfg job"""


def train_help(configs: Configs) -> str:
    """The text. Reads the names of the config files and nothing else."""
    groups = {name: each for name, each in configs.groups.items() if name not in _INTERNAL and "/" not in name}
    width = max(map(len, groups))
    return _TEXT.format(
        groups="\n".join(
            textwrap.fill(
                ", ".join(sorted(options)),
                width=100,
                initial_indent=f"  {name:{width}}  ",
                subsequent_indent=" " * (width + 4),
            )
            for name, options in groups.items()
        )
    )
