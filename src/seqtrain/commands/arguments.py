"""What was typed: Hydra's flags, ours (--trust, --config-dir), and the overrides."""

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from seqtrain.commands.configs import Configs
from seqtrain.commands.names import check_key, full_name
from seqtrain.errors import WrongInput
from seqtrain.nearest import did_you_mean
from seqtrain.origin import Origin
from seqtrain.trust import trust, trusts_any


@dataclass(frozen=True)
class Arguments:
    """A command line, taken apart."""

    overrides: tuple[str, ...]
    flags: tuple[str, ...]  # to hand to Hydra
    config_dirs: tuple[Path, ...]
    multirun: bool
    helps: bool  # asks for this command's help
    shows: bool  # asks for help or for the config, and not for a run
    cfg: str | None  # the part of the config that is to be shown: job, hydra or all
    package: str | None  # of it, only what stands there
    resolve: bool  # with references replaced
    composes: bool  # whether the overrides must make sense


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise WrongInput(f"{message} (see --help)")


def read_arguments(typed: Sequence[str]) -> Arguments:
    """Take a command line apart, and trust what `--trust` names. WrongInput: an unknown or incomplete flag."""
    parser = _parser()
    found = parser.parse_intermixed_args(_without_unknown(parser, typed))
    for package in found.trust:
        trust(package)
    if trusts_any() and "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # last, so that nothing here hides an installed module
    for override in found.overrides:
        if override.lstrip("+").startswith("hydra.searchpath="):
            raise WrongInput(f"{override}: give folders of configs as --config-dir DIR")
    flags = [f"--{name}" for name in ("help", "hydra-help", "resolve", "multirun") if _value(found, name)]
    flags += [f"--{name}={_value(found, name)}" for name in ("cfg", "package", "info") if _value(found, name)]
    flags += ["--shell-completion"] if found.shell_completion else []
    shows = bool(found.help or found.hydra_help or found.cfg or found.info or found.shell_completion)
    if found.multirun and (found.cfg or found.info):
        raise WrongInput("-m and --cfg (or --info) exclude each other: leave one out")
    return Arguments(
        overrides=tuple(map(_with_home, found.overrides)),
        flags=tuple(flags),
        config_dirs=tuple(path.resolve() for path in found.config_dir),
        multirun=found.multirun,
        helps=found.help,
        shows=shows,
        cfg=found.cfg,
        package=found.package,
        resolve=found.resolve,
        composes=not (found.hydra_help or found.shell_completion),
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--hydra-help", action="store_true")
    parser.add_argument("-c", "--cfg", choices=["job", "hydra", "all"])
    parser.add_argument("--resolve", action="store_true")
    parser.add_argument("-p", "--package")
    parser.add_argument("-r", "--run", action="store_true")
    parser.add_argument("-m", "--multirun", action="store_true")
    parser.add_argument("-sc", "--shell-completion", action="store_true")
    parser.add_argument("-cd", "--config-dir", action="append", type=Path, default=[])
    parser.add_argument("-i", "--info", nargs="?", const="all")
    parser.add_argument("--trust", action="append", default=[])
    return parser


def _with_home(override: str) -> str:
    """`key=~/folder` with the home folder spelt out, which neither bash nor Hydra does.

    A folder to start from is quoted, since those of a sweep have = and commas in their names.
    """
    key, _, value = override.partition("=")
    path = str(Path(value).expanduser()) if value.startswith("~/") else value
    if path == value and not (key == "init_from" and Origin.read(path).folder.is_dir()):
        return override
    return f"{key}={path}" if re.fullmatch(r"[\w/.+-]+", path) else f"{key}='{path}'"


def _without_unknown(parser: argparse.ArgumentParser, typed: Sequence[str]) -> Sequence[str]:
    flags = [flag for action in parser._actions for flag in action.option_strings]
    for word in typed:
        flag = word.partition("=")[0]
        if flag.startswith("-") and flag not in flags:
            first, dot, rest = flag.lstrip("-").partition(".")
            if name := full_name(first, Configs()):
                raise WrongInput(
                    f"{flag} is no flag of seqtrain: settings have no dashes, write {name}{dot}{rest}=VALUE"
                )
            meant = did_you_mean(flag, flags)
            if not meant and first.isidentifier():
                check_key(first, flag, Configs())
            raise WrongInput(f"{flag} is no flag of seqtrain{meant} (see --help)")
    return typed


def _value(found: argparse.Namespace, name: str) -> object:
    return getattr(found, name.replace("-", "_"))
