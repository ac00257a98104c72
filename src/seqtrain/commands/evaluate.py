"""`seqtrain evaluate`: how well a trained model does on its test set, or on other data of the same kind."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from omegaconf import DictConfig, OmegaConf
from pydantic import StringConstraints

from seqtrain.commands.run_folders import trial_folder
from seqtrain.commands.run_words import read_words
from seqtrain.errors import WrongInput
from seqtrain.ranges import Count

if TYPE_CHECKING:
    from seqtrain.commands.ensemble import Ensemble

_HELP = """seqtrain evaluate says how well a run's best epoch does, with 95% bootstrap intervals.

usage: seqtrain evaluate RUN … [key=value …]

RUN is a run's folder. Without data=… or data.KEY=… it is the run's own test set, read as it was for the training.
Other data must have the same features and predict the same; classes are matched by their names. Several runs, or a
folder of them such as a sweep, are evaluated as an ensemble: the mean of their probabilities, or of their values.
Their test sets must be the same. Where all are right, or none, shares have Wilson's interval and other metrics none.

  seqtrain evaluate outputs/runs/fsdd-gru/2026-01-31_12-00-00-000000
  seqtrain evaluate RUN data.folder=other-recordings set=all
  seqtrain evaluate RUN data=quickdraw data.folder=my-drawings name=mine
  seqtrain evaluate outputs/sweeps/fsdd-seeds

Settings:
  set=test         test, val, train, or all of the data
  data=NAME        another data set, as for seqtrain train; data.KEY=… alone changes the run's own
  name=NAME        of the folder evaluations/NAME, in the first RUN, that tables and figures go to
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
    if not words:
        raise WrongInput("evaluate needs a RUN, or several, and key=value: there is none")
    from seqtrain.commands.ensemble import Ensemble, members_of
    from seqtrain.run_folder import RunFolder
    from seqtrain.stored_config import read_stored_config

    folders = members_of([Path(word) for word in words])
    nodes = [_data_node(read_stored_config(RunFolder(folder).config), overrides) for folder in folders]
    from seqtrain.trained import load

    name = settings.name or (trial_folder([f"set={settings.set}", *overrides]) if overrides else settings.set)
    place = folders[0]
    if len(folders) > 1:
        place, name = Path(words[0]), settings.name or f"ensemble-of-{len(folders)}-{name}"
    ensemble = Ensemble(tuple(load(folder) for folder in folders), tuple(nodes))
    print(run(ensemble, settings, place / "evaluations" / name, overrides))
    return 0


def run(ensemble: "Ensemble", settings: Settings, folder: Path, overrides: Sequence[str]) -> str:
    """Evaluate one run, or several together; what is to be printed. WrongInput: the data does not fit."""
    import torch

    from seqtrain.evaluation import Resampling, evaluate, page
    from seqtrain.evaluation.files import draw_figures, write_members, write_tables
    from seqtrain.evaluation.worst import worst_first, worst_rows
    from seqtrain.heap import memory_kept
    from seqtrain.provenance import provenance

    torch.set_num_threads(settings.threads or torch.get_num_threads())
    spec = ensemble.spec
    data, chosen = ensemble.chosen_set(settings.set)
    resampling = Resampling(len(chosen), settings.resamples)
    with memory_kept():
        outcomes, alone = ensemble.outcomes(chosen)
    found = evaluate(outcomes, spec, resampling)
    members = {name: evaluate(each, spec, resampling) for name, each in alone.items()}
    worst = worst_first(outcomes, settings.worst)
    rows = worst_rows(worst, outcomes, chosen, spec)

    facts = {"set": settings.set, "data": list(overrides), "sequences": len(chosen), "scored": len(outcomes.owner)}
    facts |= {"runs": [str(each) for each in ensemble.folders]} if members else {}
    write_tables(folder, found, facts | {"resamples": settings.resamples} | provenance(), rows, spec)
    if members:
        write_members(folder, members)
    batch = chosen.pick(worst[:_DRAWN])
    outputs = ensemble.outputs(data, chosen, worst[:_DRAWN])
    names = [str(row["name"]) for row in rows[:_DRAWN]]
    draw_figures(folder, found, outcomes, spec, data.view, batch, outputs, names)
    scored = f", {len(outcomes.owner):,} scored steps" if spec.per_step else ""
    title = f"{'all data' if settings.set == 'all' else settings.set + ' set'}: {len(chosen):,} sequences{scored}"
    title += f", ensemble of {len(members)} runs" if members else ""
    return page(title, found, rows, spec, folder, members)


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
