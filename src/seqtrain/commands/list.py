"""`seqtrain list`: what there is to choose, and with group=option the settings of a choice."""

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seqtrain.commands.arguments import read_arguments
from seqtrain.commands.configs import SPACE, Configs, first_line
from seqtrain.errors import WrongInput
from seqtrain.nearest import did_you_mean, listed, shown
from seqtrain.signatures import Setting, settings_of
from seqtrain.sources import settings_in_source
from seqtrain.trust import trusted_class

_HELP = """List what there is to choose, or the settings of a choice.

usage: seqtrain list [--config-dir DIR] [--trust PACKAGE] [group | group=option …]

Examples:
  seqtrain list
  seqtrain list data
  seqtrain list model=lstm"""


def main(typed: list[str]) -> int:
    """Print the lists asked for. WrongInput: there is no such group or option."""
    arguments = read_arguments(typed)
    if "--help" in arguments.flags:
        print(_HELP)
        return 0
    configs = Configs(arguments.config_dirs)
    groups = [name for name in configs.groups if "/" not in name and name != "loading"]
    wanted = arguments.overrides or [*groups, SPACE]
    known = configs.groups | {SPACE: configs.spaces}
    console = Console(width=None if Console().is_terminal else 140, highlight=False)
    for each in wanted:
        group, _, option = each.partition("=")
        _refuse_option(known, group)
        options = _known(known, group, "group")
        if not option:
            console.print(_choices(group, options))
            continue
        _known(options, option, group)
        console.print(_settings(each, options[option], configs))
    return 0


def _known(names: dict[str, Any], name: str, what: str) -> Any:
    if name not in names:
        raise WrongInput(f"there is no {what} {name}{did_you_mean(name, names)} (there are {listed(names, 30)})")
    return names[name]


def _refuse_option(known: dict[str, dict[str, Path]], name: str) -> None:
    """WrongInput: the name is that of an option, such as lstm; the message says of which group."""
    of = [group for group, options in known.items() if name in options] if name not in known else []
    if of:
        raise WrongInput(f"{name} is no group but an option: seqtrain list {of[0]}={name}")


def _choices(group: str, options: dict[str, Path]) -> Table:
    table = Table(box=None, show_header=False, title=group, title_justify="left", title_style="bold")
    table.add_column(no_wrap=True, min_width=22)
    table.add_column(overflow="fold")
    for option, path in sorted(options.items()):
        table.add_row(f"  {option}", Text(_line(path)))
    return table


def _line(path: Path) -> str:
    line = first_line(path)
    if line.startswith("@package"):  # Hydra wants that first
        line = path.read_text(encoding="utf-8").splitlines()[1].lstrip("# ")
    return line


def _settings(choice: str, path: Path, configs: Configs) -> Table:
    table = Table(box=SIMPLE_HEAD, title=Text(f"{choice}: {_line(path)}"), title_justify="left", title_style="bold")
    table.add_column("setting", no_wrap=True)
    searched = choice.startswith(f"{SPACE}=")
    for name in ("kind", "range or values") if searched else ("default", "allowed", "meaning"):
        table.add_column(name, overflow="fold")
    for row in _searched(path) if searched else _rows(choice, configs):
        table.add_row(*row)
    return table


def _searched(path: Path) -> list[tuple[str, ...]]:
    """What is searched: name, kind, and the range or the values."""
    from seqtrain.tuning.space import read_space

    return [(each.name, each.kind, each.told()) for each in read_space(path).values()]


def _rows(choice: str, configs: Configs) -> list[tuple[str, ...]]:
    """Name, default, allowed and meaning of each setting: from the config, the signature and its docstring."""
    from seqtrain.commands.compose import composing
    from seqtrain.commands.mistakes import in_words

    group = choice.partition("=")[0].split("/")[0]
    with composing(configs) as composer:
        try:
            config = composer.compose([choice])
        except Exception as error:
            raise in_words(error) from error
    node = config.get(group)
    rows: list[tuple[str, ...]] = []
    for prefix, values in _nodes(group, node):
        known = _known_settings(values["_target_"], f"{prefix}._target_")
        if group == "data":
            known |= _known_settings("seqtrain.loading.settings.Loading", "data")
        plain = OmegaConf.to_container(values, resolve=False)
        assert isinstance(plain, dict)
        for name, value in ((str(key), value) for key, value in plain.items()):
            if name in known:
                default = "must be given" if value == "???" else shown(value)
                rows.append((f"{prefix}.{name}", default, known[name].allowed, known[name].meaning))
    return rows


def _known_settings(target: str, setting: str) -> dict[str, Setting]:
    known = settings_in_source(target)
    return dict(settings_of(trusted_class(target, setting)) if known is None else known)


def _nodes(name: str, node: Any) -> list[tuple[str, Any]]:
    """The node itself, or those in it, that name a class."""
    if not isinstance(node, DictConfig):
        return []
    if "_target_" in node:
        return [(name, node)]
    return [found for key in node for found in _nodes(f"{name}.{key!s}", node._get_node(key))]
