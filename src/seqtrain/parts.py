"""Every part of a run, checked together: what each slot of a config must be, and the settings of the run itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, cast

from omegaconf import DictConfig, OmegaConf
from pydantic import StringConstraints

from seqtrain.build import Recipe, check_settings, check_unimported, plain, prepare
from seqtrain.errors import WrongInput
from seqtrain.identity import identity
from seqtrain.nearest import did_you_mean, listed, unknown
from seqtrain.ranges import Count, Size
from seqtrain.signatures import settings_of
from seqtrain.slots import SLOTS
from seqtrain.sources import settings_in_source
from seqtrain.trust import trusted_class

Name = Annotated[str, StringConstraints(pattern=r"^[\w.+,=-]+$")]

_LOADING = "seqtrain.loading.settings.Loading"
_NODES = ("data", "model", "task", "optimizer", "scheduler", "trainer", "checkpoint", "callbacks", "logger", "launcher")


class Run:
    """What a run is told beside its parts.

    Args:
        seed: every random number follows from it.
        threads: threads of torch on the CPU; null leaves it to torch.
        sweep: name of the folder of a sweep.
        resume: a run folder to continue.
        init_from: a run, or a shared model, whose backbone training starts from; its head too where it fits.
        freeze: keep that backbone as it is, and train the head alone.
    """

    def __init__(
        self,
        *,
        seed: Size = 0,
        threads: Count | None = 1,
        sweep: Name | None = None,
        resume: str | None = None,
        init_from: str | None = None,
        freeze: bool = False,
    ) -> None:
        if freeze and init_from is None:
            raise WrongInput("freeze is true but init_from is null: name the run to start from, or set freeze=false")
        self.seed = seed
        self.threads = threads
        self.sweep = sweep
        self.resume = resume
        self.init_from = init_from
        self.freeze = freeze


@dataclass(frozen=True)
class Parts:
    """Recipes of everything that a run is made of."""

    run: Run
    identity: str  # of the config: what makes two trainings the same
    loading: Recipe
    data: Recipe
    model: Recipe
    task: Recipe
    optimizer: Recipe
    scheduler: Recipe
    trainer: Recipe
    checkpoint: Recipe
    callbacks: Mapping[str, Recipe]
    logger: Recipe | None


def prepare_parts(config: Mapping[str, Any]) -> Parts:
    """Check a whole config; nothing that takes time is constructed. What needs no torch is told first, and at once.

    Raises:
        WrongInput: the first mistake.
    """
    given = config
    config = {key: value for key, value in plain(config, "config").items() if not _only_referred_to(key, config)}
    _check_keys(config)
    run = Run(**cast(Any, check_settings(Run, {k: v for k, v in config.items() if k not in _NODES})))
    for slot in ("task", "model"):
        check_unimported(config.get(slot), slot)
    check_unimported(config.get("data"), "data", settings_in_source(_LOADING) or {})
    optimizer = prepare(config.get("optimizer"), "optimizer")
    scheduler = prepare(config.get("scheduler"), "scheduler")
    trainer = prepare(config.get("trainer"), "trainer")
    checkpoint = prepare(config.get("checkpoint"), "checkpoint")
    nodes = plain(config.get("callbacks") or {}, "callbacks").items()
    callbacks = {str(name): prepare(node, f"callbacks.{name}") for name, node in nodes if node is not None}
    logger = config.get("logger")
    if config.get("launcher"):
        prepare(config["launcher"], "launcher")
    parts = Parts(
        run=run,
        identity=identity(given if isinstance(given, DictConfig) else OmegaConf.create(dict(given))),
        optimizer=optimizer,
        scheduler=scheduler,
        trainer=trainer,
        checkpoint=checkpoint,
        callbacks=callbacks,
        logger=prepare(logger, "logger") if logger else None,
        task=prepare(config.get("task"), "task"),
        model=prepare(config.get("model"), "model"),
        **prepare_data(config.get("data")),
    )
    _check_fit(parts)
    return parts


def _check_fit(parts: Parts) -> None:
    """What a data set predicts whatever its files are, and what a validation gives, is known before they are read."""
    from seqtrain.batch import Spec  # it imports torch, which a typing error does not wait for
    from seqtrain.tasks import check_task

    task, known = parts.task(), getattr(parts.data.cls, "predicts", None)
    predicts = getattr(task, "predicts", None)
    if predicts is None:
        return  # a task of the user's own
    if known is not None:
        check_task(task, known)
    classes = () if "values" in predicts else ("0", "1")
    # but for what errors are divided by
    spec = Spec(1, 1, 1, predicts, 2, classes, class_counts=(1, 1), scaled_by=() if classes else (1.0, 1.0))
    parts.checkpoint().check_metric(task.scores(spec).names)


def prepare_data(node: object) -> dict[str, Recipe]:
    """The data node holds the settings of reading and those of the data set: recipes `loading` and `data`."""
    values = plain(node, "data")
    target = values.get("_target_")
    if target is None:
        raise WrongInput("data names no class: add _target_ with the full name of one")
    cls = trusted_class(target, "data._target_")
    reading = settings_of(trusted_class(_LOADING, "data"))
    own = settings_of(cls)
    for key in values:
        if not str(key).startswith("_") and key not in reading and key not in own:
            raise unknown(str(key), str(target), f"data.{key}", [*own, *reading])
    loading = {key: value for key, value in values.items() if key in reading}
    rest = {key: value for key, value in values.items() if key in own or str(key).startswith("_")}
    return {
        "loading": prepare({"_target_": _LOADING, **loading}, "data", SLOTS["loading"].kind),
        "data": prepare(rest, "data"),
    }


def _only_referred_to(key: str, config: Mapping[str, Any]) -> bool:
    """Whether it is a value of the user's own that other settings refer to, as in `model.hidden: ${width}`."""
    if key in _NODES or key in settings_of(Run) or not hasattr(config, "_content"):
        return False
    return re.search(r"\$\{" + re.escape(key) + r"[.}]", OmegaConf.to_yaml(cast(Any, config))) is not None


def _check_keys(config: Mapping[str, Any]) -> None:
    known = [*_NODES, *settings_of(Run)]
    for key in config:
        if key not in known:
            raise WrongInput(
                f"{key} is nothing that seqtrain reads{did_you_mean(str(key), known)} (it reads {listed(known)})"
            )
