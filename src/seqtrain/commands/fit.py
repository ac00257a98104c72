"""`seqtrain.fit`: train on arrays from Python, with the configs, the checks and the run folder of `seqtrain train`."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from seqtrain.batch import Predicts
from seqtrain.commands.arguments import read_arguments
from seqtrain.commands.compose import chosen_options, pin, without_hydra
from seqtrain.commands.run_folders import run_folder
from seqtrain.commands.trials import check_trials
from seqtrain.errors import WrongInput

if TYPE_CHECKING:
    from seqtrain.parts import Parts
    from seqtrain.trained import Trained

_DATA = (  # the data node of a config: how to read, and a class that is given the arrays
    "~data",
    "+loading@data=default",
    "+data._target_=seqtrain.arrays.Arrays",
    "+data.test_fraction=0.2",
    "+data.normalize=true",
    "+data.jitter=0.0",
    "+data.scaling=0.0",
    "+data.crop=0.0",
)


def fit(
    inputs: Any,
    targets: Any,
    *overrides: str,
    model: str = "lstm",
    test: tuple[Any, Any] | None = None,
    val: tuple[Any, Any] | None = None,
    predicts: Predicts | None = None,
    folder: str | PathLike[str] | None = None,
    progress: bool = False,
) -> "Trained":
    """Train a model on arrays; what comes back predicts, and its run folder holds everything as any run's.

    The statistics that inputs are normalised by, and those of values to predict, come from the training set. Nothing is
    printed, unless `progress` asks for it, and torch's threads and random numbers are left as they were.

    Args:
        inputs: a list of (T, F) arrays or tensors of any lengths; one array (N, T, F); or, of one feature, an array
            (N, T) or a data frame (polars or pandas) with a series a row.
        targets: one for each sequence: words or whole numbers are classes, numbers with a decimal point are values; or
            one for each step, as a list of arrays as long as their sequences; or lists of any number of labels; or the
            name of a data frame's column.
        overrides: settings as on the command line, such as "trainer.max_epochs=30", "optimizer.lr=1e-3", "seed=1",
            "data.batch_size=8" and "data.val_fraction=0.2".
        model: the name of a config, as `seqtrain list model` shows them.
        test: (inputs, targets) to test on; else data.test_fraction of the sequences is set aside.
        val: (inputs, targets) to choose the best epoch by; else data.val_fraction of the rest is set aside.
        predicts: "values", "step_values" or "labels", where the targets' shape leaves it open.
        folder: of the run; else outputs/runs/arrays-MODEL/TIME.
        progress: whether to show the training's progress and the table at its end.

    Raises WrongInput for a wrong setting or array, naming it.
    """
    from seqtrain.arrays import Arrays
    from seqtrain.build import Recipe
    from seqtrain.tasks import task_for

    given = {"inputs": inputs, "targets": targets, "test": test, "val": val, "predicts": predicts}
    task = task_for(Arrays(**given, test_fraction=0).load(0).predicts)
    config, chosen = _composed([f"model={model}", f"task={task}", *_DATA, f"trainer.progress={progress}"], overrides)
    from seqtrain.parts import prepare_parts

    parts = prepare_parts(config)
    parts = replace(parts, data=Recipe(Arrays, {**parts.data.settings, **given}, "data"))
    place = Path(folder) if folder is not None else Path(run_folder("arrays", model, datetime.now()))
    _train(parts, place, config, overrides, chosen, progress=progress)
    from seqtrain.trained import load

    return load(place)


def _composed(base: Sequence[str], overrides: Sequence[str]) -> tuple[DictConfig, dict[str, str]]:
    arguments = read_arguments([*base, *overrides])
    for override in overrides:
        if override.startswith(("data=", "model=", "resume=", "sweep=", "hydra.")):
            key = override.partition("=")[0]
            raise WrongInput(f"{override}: seqtrain.fit knows {key} from its arguments, or does without")
    if arguments.multirun or arguments.shows:
        raise WrongInput("seqtrain.fit trains one model: leave out -m, --help and --cfg")
    first = check_trials(arguments).first
    return pin(without_hydra(first)), chosen_options(first)


def _train(
    parts: "Parts",
    folder: Path,
    config: DictConfig,
    overrides: Sequence[str],
    chosen: Mapping[str, str],
    *,
    progress: bool,
) -> None:
    import torch

    from seqtrain.report import closing_table, quiet_libraries
    from seqtrain.training_run import train

    threads = torch.get_num_threads()
    with warnings.catch_warnings(), torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        quiet_libraries()
        try:
            text = OmegaConf.to_yaml(config)
            result = train(parts, folder, config=text, overrides=list(overrides), chosen=chosen)
        finally:
            torch.set_num_threads(threads)
    if progress:
        tensorboard = parts.logger is not None and parts.logger.cls.__name__ == "TensorBoard"
        print(closing_table(result, folder, tensorboard=tensorboard))
