"""Configs become objects here and nowhere else: only of trusted classes, with settings that were checked.

`prepare` checks and constructs nothing; the `Recipe` that it returns constructs, given what only data knows.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast, get_args, get_origin

from seqtrain.errors import WrongInput
from seqtrain.nearest import shown, unknown
from seqtrain.signatures import REQUIRED, Setting, settings_of
from seqtrain.slots import SLOTS, Kind
from seqtrain.sources import settings_in_source
from seqtrain.trust import trusted_class

_OURS = ("_target_", "_partial_")
_HYDRA = ("_args_", "_convert_", "_recursive_")
_VALUES = (int, float, bool, str, bytes, type(None), list, tuple, dict, set)


@dataclass(frozen=True)
class Recipe:
    """A class with checked settings. Calling it constructs, as often as wanted.

    Of what a call gives, the constructor receives what its signature names. Where it needs more, as torch's
    optimizers need parameters, a call returns a function that takes the rest.
    """

    cls: type
    settings: Mapping[str, object] = field(default_factory=dict)
    setting: str = "model"  # where it stands in the config

    def __call__(self, **given: object) -> Any:
        names = settings_of(self.cls)
        settings = {key: _made(value) for key, value in self.settings.items()}
        settings |= {key: value for key, value in given.items() if key in names}
        if any(each.default is REQUIRED and name not in settings for name, each in names.items()):
            return partial(self.cls, **settings)
        try:
            return self.cls(**settings)
        except WrongInput as error:
            first = re.match(r"\w+", str(error))
            if first is not None and first[0] in names:
                raise WrongInput(f"{self.setting}.{error}") from error
            raise


@dataclass(frozen=True)
class _Nested:
    recipe: Recipe
    later: bool


def prepare(
    node: object,
    setting: str = "model",
    kind: Kind | type | None = None,
) -> Recipe:
    """Check a config's class and settings.

    Args:
        node: the config: `_target_` and the constructor's settings.
        setting: the config's name in messages; its first word is the slot.
        kind: what the class must be; None: what the slot takes.

    Raises:
        WrongInput: an untrusted class, one that does not fit the slot, or a wrong setting.
    """
    slot = SLOTS.get(setting.split(".")[0])
    kind = kind or (slot.kind if slot else None)
    if kind is None:
        raise TypeError(f"{setting} is no slot of a config: say what kind of class it takes")
    values = plain(node, setting)
    if "_target_" not in values:
        raise WrongInput(f"{setting} names no class: add _target_ with the full name of one")
    cls = trusted_class(values["_target_"], f"{setting}._target_")
    _check_kind(cls, kind, f"{setting}._target_")
    return Recipe(cls, _checked(settings_of(cls), values, setting, slot.given if slot else ()), setting)


def check_unimported(node: object, setting: str, also: Mapping[str, Setting] = {}) -> None:
    """Find what mistakes can be found without an import: `prepare` finds them all, but torch takes its time.

    Args:
        node: the config, resolved.
        setting: the config's name in messages; its first word is the slot.
        also: settings that the class does not have and the config may.
    """
    slot = SLOTS[setting.split(".")[0]]
    target = node.get("_target_") if isinstance(node, Mapping) else None
    if not isinstance(node, Mapping) or not str(target).startswith(slot.home + "."):
        return
    known = settings_in_source(str(target))
    if known is not None:
        values = {key: value for key, value in node.items() if not _holds_target(value)}
        _checked({**known, **also}, values, setting, slot.given)


def plain(node: object, setting: str) -> dict[str, Any]:
    """A config as a plain dictionary, with its references resolved."""
    if hasattr(node, "_content"):  # OmegaConf's
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException

        try:
            node = OmegaConf.to_container(cast(Any, node), resolve=True, throw_on_missing=True)
        except OmegaConfBaseException as error:
            raise WrongInput(_unresolved(error, setting)) from error
    if not isinstance(node, Mapping):
        raise WrongInput(f"{setting} is {shown(node)}: must be a config with a _target_")
    return dict(node)


def check_settings(cls: type, values: Mapping[str, Any]) -> dict[str, object]:
    """The settings of a class that a config does not name, checked; their names in messages have no prefix."""
    return _checked(settings_of(cls), values, "", ())


def _checked(
    settings: Mapping[str, Setting], values: Mapping[str, Any], setting: str, given: Collection[str]
) -> dict[str, object]:
    known = {name: each for name, each in settings.items() if name not in given}
    prefix = f"{setting}." if setting else ""
    owner = str(values.get("_target_") or "seqtrain")
    checked: dict[str, object] = {}
    for key, value in values.items():
        if key in _OURS:
            continue
        if key in _HYDRA:
            raise WrongInput(f"{prefix}{key} is {shown(value)}: seqtrain does not read it, so remove it")
        if key in given and key in settings:
            raise WrongInput(f"{prefix}{key} is {shown(value)}: seqtrain knows it from the data, so remove it")
        if key not in known:
            raise unknown(str(key), owner, f"{prefix}{key}", list(known))
        checked[key] = _checked_value(known[key], value, f"{prefix}{key}")
    for name, each in known.items():
        if each.default is REQUIRED and name not in checked:
            raise WrongInput(f"{prefix}{name} is missing: must be {each.allowed}")
    return checked


def _checked_value(setting: Setting, value: object, name: str) -> object:
    if not _holds_target(value):
        return setting.check(value, name)
    kinds = _classes_in(setting.annotation)
    return _nested(value, kinds, name) if kinds else setting.check(value, name)


def _nested(value: object, kinds: tuple[type, ...], name: str) -> object:
    if isinstance(value, list):
        return [_nested(item, kinds, f"{name}[{position}]") for position, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if "_target_" not in value:
        return {key: _nested(item, kinds, f"{name}.{key}") for key, item in value.items()}
    cls = trusted_class(value["_target_"], f"{name}._target_")
    later = value.get("_partial_", False)  # the object receives the recipe, and calls it
    if object not in kinds and not later and not issubclass(cls, kinds):
        words = " or ".join(f"a {each.__module__}.{each.__qualname__}" for each in kinds)
        raise WrongInput(f"{name}._target_ is {value['_target_']}: must be {words}")
    given = [key for key, each in settings_of(cls).items() if each.default is REQUIRED and key not in value]
    return _Nested(Recipe(cls, _checked(settings_of(cls), value, name, given if later else ()), name), bool(later))


def _made(value: object) -> object:
    if isinstance(value, _Nested):
        return value.recipe if value.later else value.recipe()
    if isinstance(value, list):
        return [_made(item) for item in value]
    if isinstance(value, dict):
        return {key: _made(item) for key, item in value.items()}
    return value


def _holds_target(value: object) -> bool:
    if isinstance(value, dict):
        return "_target_" in value or any(map(_holds_target, value.values()))
    return isinstance(value, list) and any(map(_holds_target, value))


def _classes_in(annotation: Any) -> tuple[type, ...]:
    """The classes of which a parameter takes objects; `object` where it takes any."""
    if annotation is Any:
        return (object,)
    origin = get_origin(annotation)
    if origin is None:
        return (annotation,) if isinstance(annotation, type) and annotation not in _VALUES else ()
    if isinstance(origin, type) and origin not in _VALUES and not get_args(annotation):
        return (origin,)
    return tuple(each for member in get_args(annotation) for each in _classes_in(member))


def _check_kind(cls: type, kind: Kind | type, name: str) -> None:
    fits = kind.admits(cls) if isinstance(kind, Kind) else issubclass(cls, kind)
    if not fits:
        words = kind.words if isinstance(kind, Kind) else f"a {kind.__module__}.{kind.__qualname__}"
        raise WrongInput(f"{name} is {cls.__module__}.{cls.__qualname__}: must be {words}")


def _unresolved(error: Exception, setting: str) -> str:
    from omegaconf.errors import MissingMandatoryValue

    key = getattr(error, "full_key", None) or setting
    if isinstance(error, MissingMandatoryValue):
        return f"{key} is not given: add {key}=…"
    reason = str(getattr(error, "msg", None) or error).splitlines()[0]
    return f"{key} has no value: {reason}"
