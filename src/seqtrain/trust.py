"""Which classes a config may name: seqtrain's own, an exact list, and packages that the user trusts.

A name is checked before anything is imported for it, and what was imported is checked again, since a
trusted module can hold what it imported from elsewhere.
"""

import importlib
import os
import re
import sys
from types import ModuleType

from seqtrain.errors import WrongInput
from seqtrain.nearest import did_you_mean

VARIABLE = "SEQTRAIN_TRUST"  # packages by name, with commas; `--trust` adds to it

_ACTIVATIONS = "ReLU LeakyReLU ELU GELU SiLU Mish Hardswish Softplus Tanh Sigmoid Identity"
_LAYERS = "Linear Conv1d Dropout LayerNorm BatchNorm1d GroupNorm"
_OPTIMIZERS = "Adadelta Adagrad Adam AdamW Adamax ASGD NAdam RAdam RMSprop Rprop SGD"
_CALLBACKS = "DeviceStatsMonitor LearningRateMonitor ModelSummary RichModelSummary Timer"
_LOGGERS = "CSVLogger TensorBoardLogger"
LISTED = frozenset(
    f"{module}.{name}"
    for module, names in (
        ("torch.nn", _ACTIVATIONS),
        ("torch.nn", _LAYERS),
        ("torch.optim", _OPTIMIZERS),
        ("pytorch_lightning.callbacks", _CALLBACKS),
        ("pytorch_lightning.loggers", _LOGGERS),
    )
    for name in names.split()
)

# ASCII: a Cyrillic о looks like an o, in the message that says what to trust too
_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", re.ASCII)
_PACKAGE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


def trust(package: str) -> None:
    """Trust a package for this process and those that it starts."""
    if not _PACKAGE.fullmatch(package):
        raise WrongInput(f"--trust is {package}: must be the name of a package, such as mypkg")
    os.environ[VARIABLE] = ",".join(dict.fromkeys([*_named_packages(), package]))


def trusts_any() -> bool:
    """Whether the user has named a package, by `--trust` or in the environment."""
    return bool(_named_packages())


def is_trusted(name: str) -> bool:
    """Whether a dotted name is in a package that is trusted."""
    return _within(name, ["seqtrain", *_named_packages()]) or _within(name, _installed_packages())


def trusted_class(name: object, setting: str) -> type:
    """The class of that name. WrongInput: not trusted, not there, or no class; `setting` is in the message."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise WrongInput(f"{setting} is {name!a:.80}: must be the full name of a class, such as mypkg.MyModel")
    if name in LISTED:
        module, _, last = name.rpartition(".")
        found = getattr(importlib.import_module(module), last)
    elif is_trusted(name):
        found = _find(name, setting)
    else:
        raise _untrusted(name, name, setting)
    if not isinstance(found, type):
        raise WrongInput(f"{setting} is {name}: it is {_kind_of(found)}, and only classes are built")
    return found


def _find(name: str, setting: str) -> object:
    """Import the module, then walk the rest of the name without leaving what is trusted."""
    parts = name.split(".")
    module, rest = _import_longest(parts, name, setting)
    found: object = module
    for position, part in enumerate(rest):
        if not hasattr(found, part):
            raise WrongInput(
                f"{setting} is {name}: {'.'.join(parts[: len(parts) - len(rest) + position])} has no {part}"
                + did_you_mean(part, [key for key in vars(found) if not key.startswith("_")])
            )
        found = getattr(found, part)
        real = found.__name__ if isinstance(found, ModuleType) else getattr(found, "__module__", None)
        if not isinstance(real, str) or not is_trusted(real):
            raise _untrusted(name, str(real), setting)
    return found


def _import_longest(parts: list[str], name: str, setting: str) -> tuple[ModuleType, list[str]]:
    for count in range(len(parts) - 1, 0, -1):
        path = ".".join(parts[:count])
        try:
            return importlib.import_module(path), parts[count:]
        except ModuleNotFoundError as missing:
            if missing.name is None or not (path + ".").startswith(missing.name + "."):
                raise WrongInput(
                    f"{setting} is {name}: it needs the package {missing.name}, which is not installed"
                ) from missing
    siblings = [key.partition(".")[2] for key in sys.modules if key.startswith(parts[0] + ".")]
    raise WrongInput(f"{setting} is {name}: there is no such module" + did_you_mean(".".join(parts[1:]), siblings))


def _untrusted(name: str, real: str, setting: str) -> WrongInput:
    package = real.split(".")[0]
    where = "" if real == name else f" ({real} in truth)"
    return WrongInput(
        f"{setting} is {name}{where}: not trusted, so nothing was built.\n"
        f"A config can run any code that it may name. If you wrote or read {package}, add --trust {package}"
    )


def _kind_of(found: object) -> str:
    if isinstance(found, ModuleType):
        return "a module"
    return "a function" if callable(found) else f"a {type(found).__name__}"


def _within(name: str, packages: list[str]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def _named_packages() -> list[str]:
    return [package for package in os.environ.get(VARIABLE, "").split(",") if _PACKAGE.fullmatch(package)]


def _installed_packages() -> list[str]:
    from importlib.metadata import entry_points

    return [point.value.partition(":")[0] for point in entry_points(group="seqtrain.trust")]
