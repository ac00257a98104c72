"""`seqtrain evaluate`: how well a trained model does on its test set, or on other data of the same kind."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from omegaconf import DictConfig, OmegaConf
from pydantic import StringConstraints

from seqtrain.commands.run_data import load_run_data
from seqtrain.commands.run_folders import trial_folder
from seqtrain.commands.run_words import read_words
from seqtrain.errors import WrongInput
from seqtrain.ranges import Count

if TYPE_CHECKING:
    from seqtrain.evaluation.chosen_set import ChosenSet
    from seqtrain.evaluation.outcomes import Outcomes
    from seqtrain.trained import Trained

_HELP = """seqtrain evaluate says how well a run's best epoch does, with 95% bootstrap intervals.

usage: seqtrain evaluate RUN [key=value …]

RUN is a run's folder. Without data=… or data.KEY=… it is the run's own test set, read as it was for the training.
Other data must have the same features and predict the same; classes are matched by their names.

  seqtrain evaluate outputs/runs/fsdd-gru/2026-01-31_12-00-00-000000
  seqtrain evaluate RUN data.folder=other-recordings set=all
  seqtrain evaluate RUN data=quickdraw data.folder=my-drawings name=mine

Settings:
  set=test         test, val, train, or all of the data
  data=NAME        another data set, as for seqtrain train; data.KEY=… alone changes the run's own
  name=NAME        of the folder RUN/evaluations/NAME that tables and figures go to
  worst=12         examples with the highest loss to list
  resamples=1000   of the bootstrap
  threads=1        threads of torch; null leaves it to torch"""

_DRAWN = 12  # of the worst examples
Name = Annotated[str, StringConstraints(pattern=r"^[\w+,=-][\w.+,=-]*$")]


class Settings:
    """What `key=value` may say; see the help."""

    def __init__(
        self,
        *,
        set: Literal["test", "val", "train", "all"] = "test",  # noqa: A002 (as it is typed)
        name: Name | None = None,
        worst: Count = 12,
        resamples: Count = 1000,
        threads: Count | None = 1,
    ) -> None:
        self.set = set
        self.name = name
        self.worst = worst
        self.resamples = resamples
        self.threads = threads


def main(typed: list[str]) -> int:
    """Evaluate what was typed; the exit status. WrongInput: a mistake in it, or data that does not fit the run."""
    if not typed or {"-h", "--help"} & {*typed}:
        print(_HELP)
        return 0
    overrides = [word for word in typed if re.match(r"\+{0,2}data[.=]", word)]
    words, settings = read_words([word for word in typed if word not in overrides], Settings, "evaluate")
    if len(words) != 1:
        raise WrongInput(f"evaluate needs one RUN, and key=value: {' '.join(words) or 'there is none'}")
    from seqtrain.run_folder import RunFolder
    from seqtrain.stored_config import read_stored_config

    config = read_stored_config(RunFolder(Path(words[0])).config)
    node = _data_node(config, overrides)
    from seqtrain.trained import load

    name = settings.name or (trial_folder([f"set={settings.set}", *overrides]) if overrides else settings.set)
    print(run(load(words[0]), node, settings, name, overrides))
    return 0


def run(trained: "Trained", node: DictConfig, settings: Settings, name: str, overrides: Sequence[str]) -> str:
    """Evaluate on the data of a config node; what is to be printed. WrongInput: the data does not fit."""
    import torch

    from seqtrain.carried import check_carries
    from seqtrain.evaluation import Resampling, check_fits, evaluate, page
    from seqtrain.evaluation.chosen_set import ChosenSet
    from seqtrain.evaluation.files import draw_figures, write_tables
    from seqtrain.evaluation.outcomes import outputs_of
    from seqtrain.evaluation.worst import worst_first, worst_rows
    from seqtrain.provenance import provenance

    torch.set_num_threads(settings.threads or torch.get_num_threads())
    spec = trained.spec
    data = load_run_data(trained, node)
    check_fits(data.spec, spec, trained.network)
    if data.carries:
        check_carries(trained.network, features=spec.features)
    chosen = ChosenSet(data, settings.set, spec.classes)
    outcomes = _outcomes(trained, chosen)
    resampling = Resampling(len(chosen), settings.resamples)
    found = evaluate(outcomes, spec, resampling)
    worst = worst_first(outcomes, settings.worst)
    rows = worst_rows(worst, outcomes, chosen, spec)

    assert trained.folder is not None
    folder = trained.folder / "evaluations" / name
    facts = {"set": settings.set, "data": list(overrides), "sequences": len(chosen), "scored": len(outcomes.owner)}
    write_tables(folder, found, facts | {"resamples": settings.resamples} | provenance(), rows, spec)
    batch = chosen.pick(worst[:_DRAWN])
    outputs = (
        outputs_of(trained.network, spec, chosen.batches(), worst[:_DRAWN])
        if data.carries
        else trained.outputs([batch.inputs[row, :steps] for row, steps in enumerate(batch.lengths.tolist())])
    )
    names = [str(row["name"]) for row in rows[:_DRAWN]]
    draw_figures(folder, found, outcomes, spec, data.view, batch, outputs, names)
    scored = f", {len(outcomes.owner):,} scored steps" if spec.per_step else ""
    title = f"{'all data' if settings.set == 'all' else settings.set + ' set'}: {len(chosen):,} sequences{scored}"
    return page(title, found, rows, spec, folder)


def _outcomes(trained: "Trained", chosen: "ChosenSet") -> "Outcomes":
    from seqtrain.build import prepare
    from seqtrain.evaluation.outcomes import outcomes_of
    from seqtrain.stored_config import part_of

    network, spec = trained.network, trained.spec
    scale = network.rescale.std if network.rescale is not None else None
    criterion = prepare(part_of(trained.config, "task"), "task")().criterion(spec, scale)
    return outcomes_of(network, criterion, spec, chosen.batches(), len(chosen))


def _data_node(config: DictConfig, overrides: Sequence[str]) -> DictConfig:
    """The run's data node with overrides; or, where they choose another data set, that one's."""
    if any(re.match(r"data=", each) for each in overrides):
        from seqtrain.commands.arguments import read_arguments
        from seqtrain.commands.trials import check_trials

        chosen = check_trials(read_arguments(overrides)).first.data
        assert isinstance(chosen, DictConfig)
        return chosen
    from seqtrain.commands.compose import composing
    from seqtrain.commands.configs import Configs
    from seqtrain.stored_config import part_of

    if not isinstance(part_of(config, "data"), DictConfig):
        raise WrongInput("the run's config has no data: choose some, as in data=sincos")
    with composing(Configs()) as composer:
        for each in composer.parse(overrides):
            if each.is_sweep_override():
                raise WrongInput(f"{each.input_line} names several values: evaluate one after another")
            OmegaConf.update(config, each.key_or_group, each.value(), merge=False, force_add=True)
    node = config.data
    assert isinstance(node, DictConfig)
    return node
