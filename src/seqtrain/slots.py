"""What each slot of a config takes: the kind of class, and what its constructor is given by others.

Classes are named and not imported, so that a config is checked before torch and Lightning are there.
"""

from dataclasses import dataclass
from types import FunctionType


@dataclass(frozen=True)
class Kind:
    """A class fits if any of the three holds."""

    words: str
    ancestors: tuple[str, ...] = ()  # one of these is the class or above it
    modules: tuple[str, ...] = ()  # its module is one of these, or in it
    method: tuple[str, ...] = ()  # it has this method, with these parameters

    def admits(self, cls: type) -> bool:
        names = {f"{above.__module__}.{above.__qualname__}" for above in cls.__mro__}
        if names & set(self.ancestors):
            return True
        if any(f"{cls.__module__}.".startswith(f"{module}.") for module in self.modules):
            return True
        return bool(self.method) and self._has_method(cls)

    def _has_method(self, cls: type) -> bool:
        name, *parameters = self.method
        method = getattr(cls, name, None)
        if not isinstance(method, FunctionType):
            return False
        code = method.__code__
        return set(parameters) <= set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])


@dataclass(frozen=True)
class Slot:
    """A place in a config for one class."""

    kind: Kind
    given: tuple[str, ...] = ()  # parameters that a config may not set: whoever calls the recipe knows them
    home: str = ""  # where seqtrain's own classes for it are


_TORCH_OPTIMIZER = "torch.optim.optimizer.Optimizer"
_CALLBACK = "pytorch_lightning.callbacks.callback.Callback"
_LOGGER = "pytorch_lightning.loggers.logger.Logger"

SLOTS = {
    "data": Slot(Kind("a data set: a class with load(seed)", method=("load", "seed")), home="seqtrain.datasets"),
    "loading": Slot(Kind("seqtrain's Loading", ancestors=("seqtrain.loading.settings.Loading",))),
    "model": Slot(
        Kind("a torch.nn.Module", ancestors=("torch.nn.modules.module.Module",)),
        given=("in_features", "per_step", "longest", "shortest"),
        home="seqtrain.models",
    ),
    "task": Slot(
        Kind("a task: a class with head(backbone, spec)", method=("head", "backbone", "spec")),
        home="seqtrain.tasks",
    ),
    "optimizer": Slot(
        Kind(
            "an optimizer: torch's, or a class with __call__(parameters)",
            ancestors=(_TORCH_OPTIMIZER,),
            method=("__call__", "parameters"),
        ),
        given=("params",),
    ),
    "scheduler": Slot(
        Kind(
            "a schedule: a class with __call__(optimizer, total_steps)",
            method=("__call__", "optimizer", "total_steps"),
        )
    ),
    "trainer": Slot(Kind("seqtrain's Training", ancestors=("seqtrain.training.Training",))),
    "checkpoint": Slot(Kind("seqtrain's Checkpoints", ancestors=("seqtrain.checkpoints.Checkpoints",))),
    "callbacks": Slot(
        Kind("a callback, seqtrain's or Lightning's", ancestors=(_CALLBACK,), modules=("seqtrain.callbacks",))
    ),
    "logger": Slot(Kind("a logger, seqtrain's or Lightning's", ancestors=(_LOGGER,), modules=("seqtrain.loggers",))),
    "launcher": Slot(
        Kind("a launcher: a class with __call__(trials)", method=("__call__", "trials")), home="seqtrain.sweeps"
    ),
}
