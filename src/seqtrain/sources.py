"""The settings of seqtrain's own classes, read from their source: a wrong one is told before torch is imported.

Importing torch takes one to two seconds. Nothing is run here, and what is not understood is left to
`signatures`, which looks at the imported class and decides in any case.
"""

import ast
import types
import typing
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import annotated_types

from seqtrain import ranges
from seqtrain.signatures import REQUIRED, Setting, meanings

_PACKAGE = Path(__file__).resolve().parent
_LIGHT: dict[str, types.ModuleType] = {
    "typing": typing,
    "annotated_types": annotated_types,
    "seqtrain.ranges": ranges,
}
_BUILTIN: dict[str, Any] = {each.__name__: each for each in (int, float, bool, str, list, dict, tuple)}


class _NotUnderstood(Exception):
    pass


@cache
def settings_in_source(name: str) -> Mapping[str, Setting] | None:
    """What `signatures.settings_of` would say of a class of seqtrain's; None: it takes an import to know."""
    try:
        module, node = _class(*name.rpartition(".")[::2])
        return _settings(module, node)
    except (_NotUnderstood, OSError, SyntaxError, ValueError, TypeError):
        return None


def _settings(module: str, node: ast.ClassDef) -> dict[str, Setting]:
    makers = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
    if not makers and not node.bases:
        return {}
    if len(makers) != 1 or makers[0].args.kwarg or makers[0].args.vararg:
        raise _NotUnderstood  # a constructor from elsewhere
    given = makers[0].args
    said = meanings(ast.get_docstring(node) or "")
    positional = given.args[1:]
    defaults = [None] * (len(positional) - len(given.defaults)) + given.defaults
    settings = {}
    for argument, default in [
        *zip(positional, defaults, strict=True),
        *zip(given.kwonlyargs, given.kw_defaults, strict=True),
    ]:
        if argument.annotation is None:
            raise _NotUnderstood
        annotation = _type(module, argument.annotation)
        value = REQUIRED if default is None else ast.literal_eval(default)
        settings[argument.arg] = Setting(argument.arg, annotation, value, said.get(argument.arg, ""))
    return settings


@cache
def _tree(module: str) -> ast.Module:
    if module.split(".")[0] != "seqtrain":
        raise _NotUnderstood
    path = _PACKAGE.joinpath(*module.split(".")[1:])
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def _class(module: str, name: str) -> tuple[str, ast.ClassDef]:
    """The class, and the module that it is really in."""
    for node in _tree(module).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return module, node
        if isinstance(node, ast.ImportFrom) and any((each.asname or each.name) == name for each in node.names):
            return _class(str(node.module), name)
    raise _NotUnderstood


def _named(module: str, name: str) -> Any:
    """The type that a name stands for in a module."""
    if name in _BUILTIN:
        return _BUILTIN[name]
    for node in _tree(module).body:
        if isinstance(node, ast.Assign) and [ast.unparse(each) for each in node.targets] == [name]:
            return _type(module, node.value)
        if isinstance(node, ast.ImportFrom):
            for each in node.names:
                if (each.asname or each.name) == name:
                    light = _LIGHT.get(str(node.module))
                    return getattr(light, each.name) if light else _named(str(node.module), each.name)
    raise _NotUnderstood


def _type(module: str, node: ast.expr) -> Any:
    """An annotation as the object that it would be."""
    if isinstance(node, ast.Constant) and node.value is None:
        return None
    if isinstance(node, ast.Name):
        return _named(module, node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return typing.Union[_type(module, node.left), _type(module, node.right)]  # noqa: UP007
    if isinstance(node, ast.Subscript):
        outer = _type(module, node.value)
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if outer is typing.Literal:
            return typing.Literal[tuple(ast.literal_eval(each) for each in inner)]
        return outer[tuple(_type(module, each) for each in inner)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        mark = _named(module, node.func.id)  # such as Ge(1)
        if isinstance(mark, type) and mark.__module__ == "annotated_types":
            return mark(*(ast.literal_eval(each) for each in node.args))
    raise _NotUnderstood
